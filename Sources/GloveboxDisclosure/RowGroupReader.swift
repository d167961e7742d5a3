package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// Reads what ``RowGroupWriter`` writes, group by group, and checks every value against the description again.
package struct RowGroupReader {
    private let description: DatasetDescription
    private let unitColumn: Int?
    private var input: PieceReader
    private var named: [Int]
    private var rows = 0
    private var isBegun = false

    /// Starts on the first byte; `next` gives the next bytes, none at the end.
    package init(
        _ description: DatasetDescription,
        next: @escaping () throws(GloveboxError) -> [UInt8]
    ) {
        self.description = description
        input = PieceReader(next)
        named = [Int](repeating: 0, count: description.columns.count)
        unitColumn =
            description.privacyUnit.kind == .id
            ? description.columns.firstIndex { $0.name.utf8.elementsEqual(description.privacyUnit.column.utf8) } : nil
    }

    /// The next rows; nil when all were read.
    ///
    /// - Throws: `format.bytes`, and what the source throws.
    package mutating func next() throws(GloveboxError) -> RowBlock? {
        if !isBegun {
            guard try input.take(RowGroupWriter.head.count).elementsEqual(RowGroupWriter.head),
                try input.u32() == description.columns.count
            else { throw ByteReader.invalid }
            isBegun = true
        }
        let count = try input.u32()
        guard count > 0 else {
            guard try input.u32() == rows, try input.isAtEnd() else { throw ByteReader.invalid }
            return nil
        }
        guard count <= RowGroupWriter.size else { throw ByteReader.invalid }
        var columns: [DatasetTable.Column] = []
        var names = [[String]](repeating: [], count: description.columns.count)
        for index in description.columns.indices { columns.append(try column(index, count, &names[index])) }
        defer { rows += count }
        var units: [UInt32]?
        if let unitColumn, case .identifiers(let values, _) = columns[unitColumn] { units = values }
        return RowBlock(columns: columns, rows: 0..<count, before: rows, units: units, names: names)
    }

    /// How large the dataset is, when all was read.
    package var size: DatasetSize { DatasetSize(rows: rows, units: unitColumn.map { named[$0] } ?? rows) }

    private mutating func column(
        _ index: Int,
        _ count: Int,
        _ names: inout [String]
    ) throws(GloveboxError) -> DatasetTable.Column {
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
            names.reserveCapacity(new)
            for _ in 0..<new { names.append(try input.text()) }
            named[index] += new
            let values = try input.integers(UInt32.self, count)
            for value in values where Int(value) >= named[index] { throw ByteReader.invalid }
            return .identifiers(values, names: [])
        default: throw ByteReader.invalid
        }
    }
}
