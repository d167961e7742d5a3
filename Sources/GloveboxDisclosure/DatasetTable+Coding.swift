package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// The stored form of a dataset version:
///
///     "gbxd" version:u8(1) rows:u32 columns:u32 column*
///     column = 0 (code:u16)*rows | 1 (number:i64)*rows | 2 names:u32 text* (index:u32)*rows
///
/// Integers are big-endian. The description is stored beside it.
extension DatasetTable {
    private static let head = Array("gbxd".utf8) + [1]

    static func encode(_ description: DatasetDescription, _ rowCount: Int, _ columns: [Column]) -> [UInt8] {
        var out = ByteWriter()
        out.bytes = head
        out.u32(rowCount)
        out.u32(columns.count)
        for column in columns {
            switch column {
            case .codes(let values):
                out.u8(0)
                for value in values { out.u16(value) }
            case .numbers(let values):
                out.u8(1)
                for value in values { out.i64(value) }
            case .identifiers(let values, let names):
                out.u8(2)
                out.u32(names.count)
                for name in names { out.text(name) }
                for value in values { out.u32(Int(value)) }
            }
        }
        return out.bytes
    }

    /// Reads a stored dataset version and checks every value against the description again.
    ///
    /// - Throws: `format.bytes`.
    package init(stored bytes: [UInt8], description: DatasetDescription) throws(GloveboxError) {
        var input = ByteReader(bytes)
        guard try input.take(Self.head.count).elementsEqual(Self.head) else { throw ByteReader.invalid }
        let rowCount = try input.u32()
        guard try input.u32() == description.columns.count else { throw ByteReader.invalid }
        var columns: [Column] = []
        for described in description.columns {
            columns.append(try Self.column(&input, described, rowCount))
        }
        guard input.isAtEnd else { throw ByteReader.invalid }
        self.init(description: description, rowCount: rowCount, columns: columns)
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
