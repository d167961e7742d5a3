internal import GloveboxCore
internal import GloveboxPolicy

extension ReleaseGate {
    /// What a release tells: its cells, the status and the size of the bundle.
    static func millibits(
        _ policy: OutputPolicy,
        _ counts: CellCounts,
        _ rounding: RoundingRules.Counts,
        _ digits: Int,
        rows: Int
    ) -> Int64 {
        var cell = [rounding.domainSize(population: counts.unitCount)]
        if let variable = counts.variable {
            cell.append(MeasureDomain.size(variable, digits: digits, rows: rows))
        }
        let cells = counts.frame.cells.flatMap { _ in cell }
        return Capacity.millibits(domainSizes: cells + [3, Int64(policy.channels.pad.count)])
    }

    /// Compares with every release of the lineage.
    ///
    /// - Throws: as ``Differencing/hits(_:_:minimum:limit:)``.
    static func hits(
        _ record: ReleaseRecord?,
        _ past: Past,
        _ check: DifferencingCheck
    ) throws(GloveboxError) -> [Differencing.Hit] {
        guard let record else { return [] }
        var hits: [Differencing.Hit] = []
        for old in past.history { hits += try Differencing.hits(record, old, minimum: Int(check.minUnits)) }
        return hits
    }

    /// A hit fails, unless owners let this table come near to the release it is with.
    static func finding(
        _ check: DifferencingCheck,
        _ hits: [Differencing.Hit],
        _ past: Past,
        _ frame: TableFrame
    ) -> Finding {
        let isOverridden = hits.allSatisfy { past.overridden.contains($0.release) }
        let detail = hits.prefix(10).map { hit in
            "\(hit.new.isComplement ? "all but " : "")\(frame.labels(hit.new.place)) differs by \(hit.difference) units"
                + " from a set of release \(hit.release)"
        }
        return Finding(
            "differencing",
            hits.isEmpty ? .pass : isOverridden ? .overridden : .fail,
            cells: hits.map { frame.labels($0.new.place) },
            detail: detail.joined(separator: "; "),
            parameters: ["min_units": .integer(check.minUnits)]
        )
    }

    static func capacityFinding(_ policy: OutputPolicy, _ millibits: Int64, _ past: Past) -> Finding {
        policy.capacity.finding(millibits: millibits, spent: past.projectMillibits)
    }

    /// A refusal before anything was counted.
    static func refusal(_ request: Request, _ findings: [Finding]) -> Decision {
        Decision(
            outcome: .refuse,
            files: [],
            findings: findings,
            reasons: ["not-released"],
            millibits: Capacity.status,
            record: nil,
            comparison: .init(releases: 0, hits: 0),
            spec: request.spec.digest
        )
    }

    /// Puts the findings together: a failure refuses, and only a policy that says so releases without a person.
    static func conclude(
        _ request: Request,
        _ findings: [Finding],
        files: [Decision.File],
        _ millibits: Int64,
        _ record: ReleaseRecord?,
        _ comparison: Decision.Comparison
    ) -> Decision {
        let rules = request.policy.decision
        let worst = findings.map(\.outcome).max() ?? .fail
        let outcome: Decision.Outcome =
            switch worst {
            case .fail: .refuse
            case .pass where rules.auto == .whenAllPass, .overridden where rules.auto == .whenAllPass: .release
            case .pass, .overridden, .review: rules.otherwise == .review ? .review : .refuse
            }
        let reasons: [Decision.Outcome: [String]] = [.refuse: ["not-released"], .review: ["under-review"]]
        return Decision(
            outcome: outcome,
            files: outcome == .refuse ? [] : files,
            findings: findings,
            reasons: reasons[outcome] ?? [],
            millibits: outcome == .refuse ? Capacity.status : millibits,
            record: outcome == .refuse ? nil : record,
            comparison: comparison,
            spec: request.spec.digest
        )
    }
}
