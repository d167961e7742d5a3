package import GloveboxPolicy
internal import GloveboxTables

/// Writes the stored form of a dataset version while its rows go by, however they are cut into blocks.
///
///     "gbxd" version:u8(3) columns:u32 group* 0:u32 rows:u32
///     group = rows:u32(1...16384) column*, full but for the last
///     column = 0 (code:u16)*rows | 1 (number:i64)*rows | 2 ids:u32 text* (index:u32)*rows
///
/// Integers are big-endian. A group names its own ids, so that no other group has to be at hand. The description is stored beside
/// it.
package struct RowGroupWriter {
    /// Rows of a group.
    static let size = 16384
    static let head = Array("gbxd".utf8) + [3]

    /// What a column holds of the rows that are not written yet.
    fileprivate struct Held {
        let type: DatasetColumn.Kind
        var codes: [UInt16] = []
        var numbers: [Int64] = []
        var identifiers: [UInt32] = []
        /// The ids of these rows.
        var names = ByteTable()
    }

    private var columns: [Held]
    private var count = 0
    private var rows = 0
    private var isBegun = false

    /// Starts with no row.
    package init(_ description: DatasetDescription) {
        columns = description.columns.map { Held(type: $0.type) }
    }

    /// Takes rows; hands over what is complete.
    package mutating func add<E>(_ block: RowBlock, _ take: ([UInt8]) throws(E) -> Void) throws(E) {
        var start = block.rows.lowerBound
        while start < block.rows.upperBound {
            let end = min(block.rows.upperBound, start + Self.size - count)
            for index in columns.indices {
                switch block.columns[index] {
                case .codes(let values): columns[index].codes += values[start..<end]
                case .numbers(let values): columns[index].numbers += values[start..<end]
                case .identifiers(let values, let names):
                    for row in start..<end {
                        let name = names[Int(values[row])].utf8
                        columns[index].identifiers.append(UInt32(columns[index].names.number(adding: name.span)))
                    }
                }
            }
            count += end - start
            start = end
            if count == Self.size { try take(group()) }
        }
    }

    /// Hands over the rest.
    package mutating func finish<E>(_ take: ([UInt8]) throws(E) -> Void) throws(E) {
        var out = ByteWriter()
        out.bytes = count > 0 ? group() : beginning()
        out.u32(0)
        out.u32(rows)
        try take(out.bytes)
    }

    private mutating func beginning() -> [UInt8] {
        guard !isBegun else { return [] }
        isBegun = true
        var out = ByteWriter()
        out.bytes = Self.head
        out.u32(columns.count)
        return out.bytes
    }

    private mutating func group() -> [UInt8] {
        var out = ByteWriter()
        out.bytes = beginning()
        out.u32(count)
        for index in columns.indices {
            columns[index].write(to: &out)
            columns[index].codes.removeAll(keepingCapacity: true)
            columns[index].numbers.removeAll(keepingCapacity: true)
            columns[index].identifiers.removeAll(keepingCapacity: true)
            columns[index].names = ByteTable()
        }
        rows += count
        count = 0
        return out.bytes
    }
}

extension RowGroupWriter.Held {
    fileprivate mutating func write(to out: inout ByteWriter) {
        switch type {
        case .category, .boolean:
            out.u8(0)
            out.integers(codes)
        case .number:
            out.u8(1)
            out.integers(numbers)
        case .identifier:
            out.u8(2)
            out.u32(names.count)
            for name in names.strings { out.text(name) }
            out.integers(identifiers)
        }
    }
}
