package import GloveboxCore
package import GloveboxPolicy
package import GloveboxTables

/// What the row-leak scan is asked about a file made from a dataset, and the rows, every column of them: those too that no
/// job sees.
package struct LeakFeed: Sendable {
    /// The question.
    package let request: LeakRequest
    private let rows: any RowSource

    /// Asks about a file.
    ///
    /// The spec names the supervisor's own statistics in a recomputed table; nil for a file of the job's making.
    package init(
        _ file: Decision.File,
        form: LeakRequest.Form,
        rows: any RowSource,
        spec: TableSpec?,
        minUnits: Int
    ) {
        var statistics: [String] = []
        if let spec {
            statistics = ["n"]
            if let variable = spec.variable { statistics.append("\(spec.statistic.rawValue)_\(variable)") }
        }
        self.rows = rows
        request = LeakRequest(
            minUnits: minUnits,
            form: form,
            statistics: statistics,
            bytes: file.bytes,
            columns: rows.description.columns.map { column in
                switch column.type {
                case .identifier: .init(name: column.name, kind: .identifiers)
                case .category, .boolean: .init(name: column.name, kind: .codes, codes: column.codes ?? [])
                case .number: .init(name: column.name, kind: .numbers)
                }
            }
        )
    }

    /// Hands over the request and the rows, as the scan reads them.
    ///
    /// - Throws: what the rows' source and `take` throw.
    package func write(_ take: ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) {
        try take(request.encoded)
        _ = try rows.rows { (block) throws(GloveboxError) in
            for start in stride(from: block.rows.lowerBound, to: block.rows.upperBound, by: LeakRows.limit) {
                let part = start..<min(start + LeakRows.limit, block.rows.upperBound)
                let columns = rows.description.columns.indices.map { index in
                    // All ids of the block are named with its first rows.
                    let names = start == block.rows.lowerBound ? block.names[index] : []
                    return Self.column(rows.description.columns[index], block.columns[index], part, names)
                }
                try take(LeakRows(units: part.map(block.unit), columns: columns).encoded)
            }
        }
        try take(LeakRows.end)
    }

    private static func column(
        _ described: DatasetColumn,
        _ column: DatasetTable.Column,
        _ rows: Range<Int>,
        _ names: [String]
    ) -> LeakRows.Column {
        let missing = LeakRows.Column.missing
        switch column {
        case .identifiers(let values, _): return .init(values: names, places: Array(values[rows]))
        case .codes(let values):
            return .init(
                values: [],
                places: values[rows].map { $0 == DatasetTable.Column.missingCode ? missing : UInt32($0) }
            )
        case .numbers(let values):
            var places: [Int64: UInt32] = [:]
            var texts: [String] = []
            let numbered = rows.map { row -> UInt32 in
                if let known = places[values[row]] { return known }
                guard let text = described.text(row, of: column, name: { _ in "" }) else { return missing }
                let place = UInt32(texts.count)
                places[values[row]] = place
                texts.append(text)
                return place
            }
            return .init(values: texts, places: numbered)
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
