package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

extension DatasetTable {
    /// Most bytes of rows and ids that stand in memory at once: what needs every row at hand is for smaller datasets.
    package static let mostBytes = 64 << 20

    /// The refusal of a dataset that is too large to stand in memory.
    package static func tooLarge(_ what: String) -> GloveboxError {
        GloveboxError(
            "dataset.in-memory",
            "\(what) has more than \(mostBytes >> 20) MiB of values, and such a plan has them all in memory",
            hint: "Tables, regressions, noisy answers and rounds of training read one dataset's rows piece by piece."
        )
    }

    /// Reads every row into memory.
    ///
    /// - Throws: `dataset.in-memory` for more than ``mostBytes``, and what the source throws.
    package init(collecting source: any RowSource, mostBytes: Int = mostBytes) throws(GloveboxError) {
        let description = source.description
        var columns: [Column] = description.columns.map { column in
            switch column.type {
            case .category, .boolean: .codes([])
            case .number: .numbers([])
            case .identifier: .identifiers([], names: [])
            }
        }
        var names = columns.map { _ in ByteTable() }
        var bytes = 0
        let rows = try source.rows { (block) throws(GloveboxError) in
            bytes += block.rows.count * description.rowBytes
            for index in columns.indices {
                bytes += columns[index].append(block.columns[index], block.rows, &names[index])
            }
            guard bytes <= mostBytes else { throw Self.tooLarge("the dataset \(description.name)") }
        }
        for index in columns.indices {
            guard case .identifiers(let values, _) = columns[index] else { continue }
            columns[index] = .identifiers(values, names: names[index].strings)
        }
        self.init(description: description, rowCount: rows, columns: columns)
    }

    /// Reads a stored dataset version and checks every value against the description again.
    ///
    /// - Throws: `format.bytes`, `dataset.in-memory`.
    package init(stored bytes: [UInt8], description: DatasetDescription) throws(GloveboxError) {
        if bytes.starts(with: Self.oldHead) {
            self = try Self.old(bytes, description)
        } else {
            try self.init(collecting: StoredBytes(bytes: bytes, description: description))
        }
    }

    /// How the first version of the stored form begins, whose columns stand one after the other.
    ///
    ///     "gbxd" version:u8(1) rows:u32 columns:u32 column*
    ///     column = 0 (code:u16)*rows | 1 (number:i64)*rows | 2 names:u32 text* (index:u32)*rows
    package static let oldHead = Array("gbxd".utf8) + [1]

    private static func old(
        _ bytes: [UInt8],
        _ description: DatasetDescription
    ) throws(GloveboxError) -> DatasetTable {
        var input = ByteReader(bytes)
        _ = try input.take(oldHead.count)
        let rowCount = try input.u32()
        guard try input.u32() == description.columns.count else { throw ByteReader.invalid }
        var columns: [Column] = []
        for described in description.columns { columns.append(try column(&input, described, rowCount)) }
        guard input.isAtEnd else { throw ByteReader.invalid }
        return DatasetTable(description: description, rowCount: rowCount, columns: columns)
    }

    private static func column(
        _ input: inout ByteReader,
        _ described: DatasetColumn,
        _ rowCount: Int
    ) throws(GloveboxError) -> Column {
        switch (try input.u8(), described.type) {
        case (0, .category(let codes)), (0, .boolean(let codes, _)):
            guard rowCount <= input.left / 2 else { throw ByteReader.invalid }
            var values: [UInt16] = []
            values.reserveCapacity(rowCount)
            for _ in 0..<rowCount {
                let value = try input.u16()
                let isMissing = value == Column.missingCode && described.missing != nil
                guard Int(value) < codes.count || isMissing else { throw ByteReader.invalid }
                values.append(value)
            }
            return .codes(values)
        case (1, .number(let number)):
            guard rowCount <= input.left / 8 else { throw ByteReader.invalid }
            var values: [Int64] = []
            values.reserveCapacity(rowCount)
            for _ in 0..<rowCount {
                let value = try input.i64()
                let isMissing = value == Column.missingNumber && described.missing != nil
                guard number.bounds.contains(value) || isMissing else { throw ByteReader.invalid }
                values.append(value)
            }
            return .numbers(values)
        case (2, .identifier):
            let count = try input.u32()
            guard count <= rowCount, rowCount <= input.left / 4 else { throw ByteReader.invalid }
            var names: [String] = []
            for _ in 0..<count { names.append(try input.text()) }
            var values: [UInt32] = []
            for _ in 0..<rowCount {
                let value = try input.u32()
                guard value < count else { throw ByteReader.invalid }
                values.append(UInt32(value))
            }
            return .identifiers(values, names: names)
        default: throw ByteReader.invalid
        }
    }
}

extension RowSource {
    /// Every row in memory.
    ///
    /// - Throws: as ``DatasetTable/init(collecting:)``.
    package func table() throws(GloveboxError) -> DatasetTable {
        if let table = self as? DatasetTable { return table }
        return try DatasetTable(collecting: self)
    }
}

/// The stored form in memory.
private struct StoredBytes: RowSource {
    let bytes: [UInt8]
    let description: DatasetDescription

    func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int {
        var rest = bytes
        var reader = RowGroupReader(description) {
            defer { rest = [] }
            return rest
        }
        while let block = try reader.next() { try take(block) }
        return reader.rowCount
    }
}

extension DatasetTable.Column {
    /// Appends rows of a block, ids as numbers of a table of them; the bytes that new ids take.
    fileprivate mutating func append(_ other: Self, _ rows: Range<Int>, _ table: inout ByteTable) -> Int {
        var bytes = 0
        switch (self, other) {
        case (.codes(var values), .codes(let more)):
            self = .codes([])
            values += more[rows]
            self = .codes(values)
        case (.numbers(var values), .numbers(let more)):
            self = .numbers([])
            values += more[rows]
            self = .numbers(values)
        case (.identifiers(var values, _), .identifiers(let more, let names)):
            self = .codes([])
            for row in rows {
                let name = names[Int(more[row])].utf8
                let known = table.count
                values.append(UInt32(table.number(adding: name.span)))
                if table.count > known { bytes += MemoryLayout<String>.stride + name.count }
            }
            self = .identifiers(values, names: [])
        default: break
        }
        return bytes
    }
}

extension DatasetDescription {
    /// What one row takes in memory, in bytes; the ids themselves come beside it.
    package var rowBytes: Int {
        columns.reduce(0) { sum, column in
            switch column.type {
            case .category, .boolean: sum + 2
            case .number: sum + 8
            case .identifier: sum + 4
            }
        }
    }
}
