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
        let unit = rows.description.privacyUnit
        let ids =
            unit.kind == .id
            ? rows.description.columns.firstIndex { $0.name.utf8.elementsEqual(unit.column.utf8) } : nil
        _ = try rows.rows { (block) throws(GloveboxError) in
            let units = Self.units(block, ids)
            for start in stride(from: block.rows.lowerBound, to: block.rows.upperBound, by: LeakRows.limit) {
                let part = start..<min(start + LeakRows.limit, block.rows.upperBound)
                let columns = rows.description.columns.indices.map { index in
                    Self.column(rows.description.columns[index], block.columns[index], part)
                }
                let own = units[(start - block.rows.lowerBound)...].prefix(part.count)
                try take(LeakRows(units: Array(own), columns: columns).encoded)
            }
        }
        try take(LeakRows.end)
    }

    // A number for the unit of each row. That of an id is a hash under a key of this process: were two ever alike, a value
    // would look as if fewer units had it.
    private static func units(_ block: RowBlock, _ ids: Int?) -> [UInt64] {
        guard let ids, case .identifiers(let values, let names) = block.columns[ids] else {
            return block.rows.indices.map { UInt64(block.before + $0 - block.rows.lowerBound) }
        }
        return values[block.rows].map { id in
            var hash = Hasher()
            for byte in names[Int(id)].utf8 { hash.combine(byte) }
            return UInt64(bitPattern: Int64(hash.finalize()))
        }
    }

    private static func column(
        _ described: DatasetColumn,
        _ column: DatasetTable.Column,
        _ rows: Range<Int>
    ) -> LeakRows.Column {
        let missing = LeakRows.Column.missing
        switch column {
        case .identifiers(let values, let names): return local(rows.map { values[$0] }) { names[Int($0)] }
        case .codes(let values):
            return .init(
                values: [],
                places: values[rows].map { $0 == DatasetTable.Column.missingCode ? missing : UInt32($0) }
            )
        case .numbers(let values):
            guard case .number(let number) = described.type else {
                return .init(values: [], places: rows.map { _ in missing })
            }
            return local(rows.map { values[$0] }) { $0 == DatasetTable.Column.missingNumber ? nil : number.text($0) }
        }
    }

    // The distinct values of some rows, and which of them each row has.
    private static func local<Value: Hashable>(_ values: [Value], _ text: (Value) -> String?) -> LeakRows.Column {
        var places: [Value: UInt32] = [:]
        var texts: [String] = []
        let numbered = values.map { value -> UInt32 in
            if let known = places[value] { return known }
            guard let text = text(value) else { return LeakRows.Column.missing }
            let place = UInt32(texts.count)
            places[value] = place
            texts.append(text)
            return place
        }
        return .init(values: texts, places: numbered)
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
            case .pass, .overridden: outcome
            case .review: outcome == .refuse || rules.otherwise == .reject ? .refuse : .review
            case .fail: .refuse
            }
        return Decision(
            outcome: stricter,
            files: stricter == .refuse ? [] : files,
            findings: findings + [finding],
            reasons: stricter == outcome ? reasons : [stricter == .refuse ? "not-released" : "under-review"],
            millibits: stricter == .refuse ? Capacity.status : millibits,
            record: stricter == .refuse ? nil : record,
            comparison: comparison,
            spec: spec
        )
    }
}
