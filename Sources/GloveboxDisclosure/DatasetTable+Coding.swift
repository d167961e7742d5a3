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

    /// Hands over the stored form piece by piece, so that it never stands in memory beside the columns.
    static func encode(_ rowCount: Int, _ columns: [Column], _ take: ([UInt8]) -> Void) {
        var out = ByteWriter()
        out.bytes = head
        out.u32(rowCount)
        out.u32(columns.count)
        take(out.bytes)
        for column in columns {
            switch column {
            case .codes(let values):
                take([0])
                encode(values, take)
            case .numbers(let values):
                take([1])
                encode(values, take)
            case .identifiers(let values, let names):
                out = ByteWriter()
                out.u8(2)
                out.u32(names.count)
                for name in names { out.text(name) }
                take(out.bytes)
                encode(values, take)
            }
        }
    }

    private static func encode<Value: FixedWidthInteger>(_ values: [Value], _ take: ([UInt8]) -> Void) {
        let width = Value.bitWidth / 8
        for start in stride(from: 0, to: values.count, by: 16384) {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(16384 * width)
            for value in values[start..<min(start + 16384, values.count)] {
                for shift in stride(from: (width - 1) * 8, through: 0, by: -8) {
                    bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
                }
            }
            take(bytes)
        }
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
