internal import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxTables

/// Linear regressions: solved again from the dataset, checked, rounded, and written by the gate itself.
///
/// Source: release policy sections 4 and 5.4.
extension ReleaseGate {
    static func decide(
        _ request: Request,
        _ wanted: TableSpec.Regression,
        _ claim: CheckerAnswer,
        _ rounding: RoundingRules,
        _ threshold: ThresholdCheck,
        _ past: Past
    ) throws(GloveboxError) -> Decision {
        let policy = request.policy
        guard let freedom = policy.checks.degreesOfFreedom, let differencing = policy.checks.differencing else {
            throw GloveboxError("policy.not-enforced", "a regression needs the checks dof and differencing")
        }
        let version = try remembered(request, past)
        let hasIDs = request.description.privacyUnit.kind == .id
        let key = version != nil ? past.lineageKey : hasIDs ? try LineageKey.random() : nil
        let fitted = try fitted(request, wanted, threshold, key: key, remembers: version != nil)
        let (tally, fit) = (fitted.tally, fitted.tally.fit)
        let released = ReleasedRegression(fit, rounding)
        var findings = findings(tally, fit, freedom, threshold)
        findings.append(
            Finding(
                "unit_rows",
                fitted.units?.hasSeveralRows == true && hasIDs ? .fail : .pass,
                detail: "a regression needs one row for each unit"
            )
        )
        let counts = try counts(fitted, request)
        let record = try version.map { (version) throws(GloveboxError) in
            try ReleaseRecord(
                id: request.id,
                spec: request.spec,
                version: version,
                counts: counts
            )
        }
        let hits = try Self.hits(record, past, differencing)
        findings.append(finding(differencing, hits, past, counts.frame))
        let domains = [rounding.counts.domainSize(population: counts.unitCount)] + (released?.domainSizes ?? [])
        let millibits = Capacity.millibits(domainSizes: domains + [3, Int64(policy.channels.pad.count)])
        findings.append(capacityFinding(policy, millibits, past))
        let wrong = released?.mismatches(claim) ?? ["coef"]
        findings.append(
            Finding(
                "mismatch",
                wrong.isEmpty ? .pass : .fail,
                cells: wrong.map { [$0] },
                detail: wrong.isEmpty ? "" : "\(wrong.count) members are missing, extra or wrong"
            )
        )
        return conclude(
            request,
            findings,
            files: [.init(name: request.spec.output, bytes: released?.json ?? [])],
            millibits,
            record,
            .init(past, hits)
        )
    }

    /// What a regression is fitted to.
    struct Fitted {
        let tally: RegressionTally
        let units: RegressionTally.Units?
        let rows: Int
    }

    static func fitted(
        _ request: Request,
        _ wanted: TableSpec.Regression,
        _ threshold: ThresholdCheck,
        key: LineageKey?,
        remembers: Bool
    ) throws(GloveboxError) -> Fitted {
        var tally = try RegressionTally(
            RegressionDesign(wanted, description: request.description),
            conditions: request.spec.conditions,
            description: request.description,
            inputPolicy: request.inputPolicy,
            minUnits: threshold.minUnits,
            key: key,
            scratch: request.scratch
        )
        let rows = try request.rows.rows { (block) throws(GloveboxError) in try tally.add(block) }
        let units = try tally.gathered(remembers: remembers)
        return Fitted(tally: tally, units: units, rows: rows)
    }

    private static func findings(
        _ tally: RegressionTally,
        _ fit: Regression,
        _ freedom: FreedomCheck,
        _ threshold: ThresholdCheck
    ) -> [Finding] {
        let thin = tally.thin
        let few = Int64(fit.units) < threshold.minUnits
        let isUnsafe = freedom.isUnsafe(
            units: fit.units,
            parameters: fit.names.count,
            degreesOfFreedom: fit.degreesOfFreedom
        )
        let parameters: JSONValue = [
            "min_dof": .integer(freedom.minimum), "max_param_share": .string(freedom.maxParameterShare.text),
        ]
        return [
            Finding(
                "threshold",
                few || !thin.isEmpty ? .fail : .pass,
                cells: thin.map { [$0] },
                detail: few
                    ? "fewer than \(threshold.minUnits) units"
                    : thin.isEmpty
                        ? "" : "\(thin.count) columns in which fewer than \(threshold.minUnits) units differ",
                parameters: ["min_units": .integer(threshold.minUnits)]
            ),
            Finding(
                "dof",
                isUnsafe || fit.coefficients == nil ? .fail : .pass,
                detail: fit.coefficients == nil
                    ? "columns depend on each other, so that there is no one fit"
                    : isUnsafe ? "too few degrees of freedom, or too many parameters for the units" : "",
                parameters: parameters
            ),
        ]
    }

    // For comparisons with other releases a regression is one cell: the units it was fitted to.
    static func counts(_ fitted: Fitted, _ request: Request) throws(GloveboxError) -> CellCounts {
        CellCounts(
            frame: try TableFrame(request.spec, description: request.description),
            units: [fitted.tally.rows],
            unitCount: fitted.units?.count ?? fitted.rows,
            variable: nil,
            rows: [fitted.tally.rows],
            totals: [],
            positives: [],
            contributions: [],
            entries: fitted.units?.entries
        )
    }
}
