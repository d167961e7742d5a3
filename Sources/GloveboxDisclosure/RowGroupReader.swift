package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// Reads what ``RowGroupWriter`` writes, group by group, and checks every value against the description again.
///
/// In the form before it (version 2) a group names the ids that first appear in it, so that all of them are kept.
package struct RowGroupReader {
    private static let before = Array("gbxd".utf8) + [2]

    private let description: DatasetDescription
    private var input: PieceReader
    // The ids so far, where groups do not name their own.
    private var names: [[String]]?
    private var rows = 0
    private var isBegun = false

    /// Starts on the first byte; `next` gives the next bytes, none at the end.
    package init(
        _ description: DatasetDescription,
        next: @escaping () throws(GloveboxError) -> [UInt8]
    ) {
        self.description = description
        input = PieceReader(next)
    }

    /// The next rows; nil when all were read.
    ///
    /// - Throws: `format.bytes`, and what the source throws.
    package mutating func next() throws(GloveboxError) -> RowBlock? {
        if !isBegun {
            let head = Array(try input.take(RowGroupWriter.head.count))
            if head == Self.before { names = description.columns.map { _ in [] } }
            guard head == RowGroupWriter.head || names != nil, try input.u32() == description.columns.count else {
                throw ByteReader.invalid
            }
            isBegun = true
        }
        let count = try input.u32()
        guard count > 0 else {
            guard try input.u32() == rows, try input.isAtEnd() else { throw ByteReader.invalid }
            return nil
        }
        guard count <= RowGroupWriter.size else { throw ByteReader.invalid }
        var columns: [DatasetTable.Column] = []
        for index in description.columns.indices { columns.append(try column(index, count)) }
        defer { rows += count }
        return RowBlock(columns: columns, rows: 0..<count, before: rows)
    }

    /// How many rows there were, when all was read.
    package var rowCount: Int { rows }

    private mutating func column(_ index: Int, _ count: Int) throws(GloveboxError) -> DatasetTable.Column {
        let described = description.columns[index]
        switch (try input.u8(), described.type) {
        case (0, .category(let codes)), (0, .boolean(let codes, _)):
            let values = try input.integers(UInt16.self, count)
            let known = codes.count
            let mayMiss = described.missing != nil
            for value in values where Int(value) >= known {
                guard mayMiss, value == DatasetTable.Column.missingCode else { throw ByteReader.invalid }
            }
            return .codes(values)
        case (1, .number(let number)):
            let values = try input.integers(Int64.self, count)
            let mayMiss = described.missing != nil
            for value in values where !number.bounds.contains(value) {
                guard mayMiss, value == DatasetTable.Column.missingNumber else { throw ByteReader.invalid }
            }
            return .numbers(values)
        case (2, .identifier):
            let new = try input.u32()
            guard new <= count else { throw ByteReader.invalid }
            var own = names?[index] ?? []
            names?[index] = []
            for _ in 0..<new { own.append(try input.text()) }
            if names != nil { names?[index] = own }
            let values = try input.integers(UInt32.self, count)
            for value in values where Int(value) >= own.count { throw ByteReader.invalid }
            return .identifiers(values, names: own)
        default: throw ByteReader.invalid
        }
    }
}
