package import GloveboxPolicy
package import GloveboxTables

extension LeakRequest {
    /// Asks about a file made from a dataset: every column, those too that no job sees.
    ///
    /// The spec names the supervisor's own statistics in a recomputed table; nil for a file of the job's making.
    package init(
        _ file: Decision.File,
        form: Form,
        table: DatasetTable,
        spec: TableSpec?,
        minUnits: Int
    ) {
        var statistics: [String] = []
        if let spec {
            statistics = ["n"]
            if let variable = spec.variable { statistics.append("\(spec.statistic.rawValue)_\(variable)") }
        }
        self.init(
            minUnits: minUnits,
            form: form,
            statistics: statistics,
            bytes: file.bytes,
            units: table.unitLookup ?? (0..<UInt32(table.rowCount)).map { $0 },
            columns: table.description.columns.indices.map { table.leakColumn($0) }
        )
    }
}

extension DatasetTable {
    fileprivate func leakColumn(_ index: Int) -> LeakRequest.Column {
        let described = description.columns[index]
        switch columns[index] {
        case .identifiers(let places, let names):
            return LeakRequest.Column(name: described.name, kind: .identifiers, values: names, rows: places)
        case .codes(let codes):
            return LeakRequest.Column(
                name: described.name,
                kind: .codes,
                values: described.codes ?? [],
                rows: codes.map { $0 == Column.missingCode ? LeakRequest.Column.missing : UInt32($0) }
            )
        case .numbers(let numbers):
            var places: [Int64: UInt32] = [:]
            var values: [String] = []
            let rows = numbers.enumerated().map { row, number -> UInt32 in
                guard number != Column.missingNumber else { return LeakRequest.Column.missing }
                if let known = places[number] { return known }
                let place = UInt32(values.count)
                places[number] = place
                values.append(text(column: index, row: row) ?? "")
                return place
            }
            return LeakRequest.Column(name: described.name, kind: .numbers, values: values, rows: rows)
        }
    }
}

extension Finding {
    /// What the row-leak scan says of a file; nil stands for a scan that did not end as it should.
    ///
    /// A hit in a recomputed table is for people; in an opaque file only one in an encoding is, since that can be chance.
    package init(_ verdict: LeakVerdict?, tier: OutputPolicy.Tier) {
        guard let verdict else {
            self.init("row_leak", .fail, detail: "the scan did not end")
            return
        }
        let certain = LeakVerdict.Step.allCases.contains { $0 != .encodings && verdict.count($0) > 0 }
        let counts = LeakVerdict.Step.allCases.filter { verdict.count($0) > 0 }.map {
            "\($0.name) \(verdict.count($0))"
        }
        self.init(
            "row_leak",
            verdict.isClean ? .pass : tier == .opaque && certain ? .fail : .review,
            cells: verdict.hits.map { [$0.step.name, "row \($0.row)", "column \($0.column)"] },
            detail: counts.joined(separator: ", ")
        )
    }
}

extension Decision {
    /// The decision with one more finding about the files that would leave.
    ///
    /// It can only become stricter; a release that is stopped tells no more than any other refusal.
    package func adding(_ finding: Finding, rules: DecisionRules) -> Decision {
        let stricter: Outcome =
            switch finding.outcome {
            case .pass: outcome
            case .review: outcome == .refuse || rules.otherwise == .reject ? .refuse : .review
            case .fail: .refuse
            }
        return Decision(
            outcome: stricter,
            files: stricter == .refuse ? [] : files,
            findings: findings + [finding],
            reasons: stricter == outcome ? reasons : [stricter == .refuse ? "not-released" : "under-review"],
            millibits: stricter == .refuse ? Capacity.millibits(domainSizes: [3]) : millibits,
            record: stricter == .refuse ? nil : record,
            comparison: comparison,
            spec: spec
        )
    }
}
