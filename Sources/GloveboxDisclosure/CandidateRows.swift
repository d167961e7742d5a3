package import GloveboxCore
package import GloveboxPolicy

/// The rows that a query may count, brought together by unit however far apart they stand.
///
/// Source: release policy section 9.1.
package struct CandidateRows {
    /// Equal rows of a unit, as far as the query sees them.
    package struct Candidate: Sendable {
        /// The place in the frame.
        package let place: Int
        /// The number that is summed; 0 where rows are counted.
        package let value: Int64
        /// How many rows.
        package let rows: Int

        /// Describes rows.
        package init(place: Int, value: Int64, rows: Int) { (self.place, self.value, self.rows) = (place, value, rows) }
    }

    private let rows: any RowSource
    private let frame: TableFrame
    private let filter: RowFilter
    private let number: Int?

    /// Selects rows by the input policy and the query's conditions; those that lack a dimension, or the number of the column
    /// with that index, do not count.
    ///
    /// - Throws: `spec.predicate`.
    package init(
        _ rows: any RowSource,
        frame: TableFrame,
        conditions: [Predicate],
        inputPolicy: InputPolicy,
        number: Int?
    ) throws(GloveboxError) {
        (self.rows, self.frame, self.number) = (rows, frame, number)
        filter = try RowFilter(inputPolicy.rowFilter + conditions, description: rows.description)
    }

    /// Hands over the rows of one unit after the other.
    ///
    /// A unit's rows come in an order that a key, the query and their own values decide: other units, and the order of the
    /// dataset, change nothing. Rows that differ in nothing are interchangeable.
    ///
    /// - Throws: `storage.*`, and what the rows' source and `take` throw.
    package func units(
        _ key: LineageKey,
        query: Digest,
        scratch: any Scratch,
        _ take: ([Candidate]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        guard rows.description.privacyUnit.kind == .id else {
            return try candidates { (_, _, place, value) throws(GloveboxError) in
                try take([Candidate(place: place, value: value, rows: 1)])
            }
        }
        let described = rows.description.columns
        var tagger = UnitTagger(rows.description, key: key)
        var sorter = UnitSorter(scratch)
        var tags: (block: Int, all: [UnitTag]) = (-1, [])
        var message: [UInt8] = []
        try candidates { (block, row, place, value) throws(GloveboxError) in
            if tags.block != block.before { tags = (block.before, tagger.tags(block)) }
            message.removeAll(keepingCapacity: true)
            message += query.bytes
            for index in described.indices {
                message.append(0)
                if let text = described[index].text(row, of: block.columns[index]) { message += text.utf8 }
            }
            var part = UnitPart(tag: tags.all[row - block.rows.lowerBound], cell: UInt32(place), value: value)
            part.order = key.tag(message).high
            try sorter.add(part)
        }
        try sorter.finish().units { (parts) throws(GloveboxError) in
            try take(parts.map { Candidate(place: Int($0.cell), value: $0.value, rows: Int($0.rows)) })
        }
    }

    private func candidates(
        _ take: (RowBlock, _ row: Int, _ place: Int, _ value: Int64) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let isPossible = Set(frame.cells)
        _ = try rows.rows { (block) throws(GloveboxError) in
            let mask = filter.mask(block.rows, of: block.columns)
            let places = frame.places(ofRows: block.rows, in: block.columns)
            var numbers: [Int64]?
            if let number, case .numbers(let values) = block.columns[number] { numbers = values }
            for index in 0..<block.rows.count where mask[index] && isPossible.contains(Int(places[index])) {
                let row = block.rows.lowerBound + index
                let value = numbers.map { $0[row] } ?? 0
                guard value != DatasetTable.Column.missingNumber else { continue }
                try take(block, row, Int(places[index]), value)
            }
        }
    }
}
