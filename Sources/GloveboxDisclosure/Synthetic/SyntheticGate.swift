package import GloveboxCore
package import GloveboxPolicy
package import GloveboxTables

/// The gate for made-up rows: whether they are rows of the dataset's shape, and not rows of the dataset.
///
/// A job's own claim of privacy counts for nothing. Source: release policy section 12.
package struct SyntheticGate: Sendable {
    static let capabilities = OpaqueGate.common.union([
        "output.csv", "check.distance", "check.rare_values", "check.dp_claim",
    ])

    /// Checks everything that needs no row: to be called when a plan is submitted, and again by the gate.
    ///
    /// - Throws: `policy.not-enforced`, `input-policy.*`.
    @discardableResult
    package static func check(
        policy: OutputPolicy,
        description: DatasetDescription,
        inputPolicy: InputPolicy,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> DeclaredOutput {
        try policy.requireEnforced(by: capabilities)
        try inputPolicy.check(against: description)
        guard policy.outputs.count == 1, let output = policy.outputs.first, output.type == .csv else {
            throw GloveboxError("policy.not-enforced", "made-up rows leave as one csv file alone")
        }
        guard policy.checks.holdout != nil, policy.checks.distance != nil, policy.checks.rareValues != nil else {
            throw GloveboxError(
                "policy.not-enforced",
                "made-up rows leave only under holdout, distance and rare_values checks"
            )
        }
        guard policy.checks.dpClaim?.isRequired != true else {
            throw GloveboxError("policy.not-enforced", "no job's claim of differential privacy can be verified")
        }
        return output
    }

    /// Decides; the claim is what the checker made of the job's file, nil when there was none.
    ///
    /// - Throws: as ``check(policy:description:inputPolicy:capabilities:)``.
    package static func decide(
        _ request: OpaqueGate.Request,
        claim: CheckerAnswer?,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> Decision {
        let (policy, table) = (request.policy, request.table)
        let output = try check(
            policy: policy,
            description: table.description,
            inputPolicy: request.inputPolicy,
            capabilities: capabilities
        )
        func conclude(_ findings: [Finding], _ bytes: [UInt8]? = nil) -> Decision {
            OpaqueGate.conclude(
                policy,
                findings,
                bytes.map { .init(name: output.name, bytes: $0) },
                bits: 8 * Int64(bytes?.count ?? 0),
                spec: nil,
                spent: request.projectMillibits
            )
        }
        let made: SyntheticRows
        switch claim {
        case .table(let claimed):
            do throws(GloveboxError) {
                made = try SyntheticRows(claimed, table.description, request.inputPolicy)
            } catch { return conclude([Finding("mismatch", .fail, detail: error.message)]) }
        case .record: return conclude([Finding("parser", .fail, detail: "an object stands where rows are expected")])
        case .refused(let fault): return conclude([Finding("parser", .fail, detail: fault.message)])
        case nil: return conclude([Finding("missing-output", .fail, detail: "the job left no \(output.name)")])
        }
        guard !made.rows.isEmpty, made.rows.count <= output.maxRows,
            made.rows.count * made.columns.count <= output.maxCells
        else {
            return conclude([Finding("too-many-cells", .fail, detail: "no row, or more than \(output.name) may have")])
        }
        return conclude(findings(request, made), made.csv)
    }

    private static func findings(_ request: OpaqueGate.Request, _ made: SyntheticRows) -> [Finding] {
        let (checks, table, holdout) = (request.policy.checks, request.table, request.holdout)
        guard let leak = checks.rowLeak, let rare = checks.rareValues, let distance = checks.distance else { return [] }
        let rows = holdout.shown + holdout.withheld
        let lookup = table.unitLookup
        let real = SyntheticRows(table, request.inputPolicy, rows: rows)
        let values = RareValues(
            real,
            units: rows.map { row in lookup.map { Int($0[row]) } ?? row },
            minimum: rare.minUnits
        )
        let matches = values.exactMatches(in: made)
        let share = Ratio(BigInteger(matches), BigInteger(made.rows.count))
        let found = values.found(in: made, maxWay: rare.maxWay)
        // As many shown rows as withheld ones: the nearest of more rows would be nearer by itself.
        var shown = holdout.shown
        var stream = SeededStream(seed: table.contentDigest)
        stream.shuffle(&shown)
        let ratio = RecordDistance(made.columns).ratio(
            made.rows,
            shown: SyntheticRows(table, request.inputPolicy, rows: Array(shown.prefix(holdout.withheld.count))).rows,
            withheld: SyntheticRows(table, request.inputPolicy, rows: holdout.withheld).rows
        )
        return [
            Finding(
                "row_leak",
                share > Ratio(leak.exactMatchMax) ? .fail : .pass,
                detail: matches == 0 ? "" : "\(matches) of \(made.rows.count) rows are rare real rows",
                parameters: ["exact_match_max": .string(leak.exactMatchMax.text)]
            ),
            Finding(
                "distance",
                ratio < distance.minRatio.approximate ? .fail : .pass,
                detail: "nearest shown over nearest withheld: \(Finding.thousandths(ratio))",
                parameters: ["min_dcr_ratio": .string(distance.minRatio.text)]
            ),
            Finding(
                "rare_values",
                found.isEmpty ? .pass : .fail,
                cells: found,
                detail: found.isEmpty ? "" : "values that too few have, in \(found.count) columns or pairs",
                parameters: ["min_units": .integer(rare.minUnits), "max_way": .integer(rare.maxWay)]
            ),
        ]
    }
}
