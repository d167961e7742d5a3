package import GloveboxCore

/// The bytes between the checker and the supervisor: lengths first, big-endian, nothing optional.
///
///     answer  = "gbxt" version:u8(1) kind:u8
///     kind 0  = columns:u32 rows:u32 (text)*columns (cell)*(columns*rows)
///     kind 1  = fault:u8 line:u32
///     text    = length:u8 byte*length
///     cell    = 0 label:text | 1 number:text | 2
///
/// The supervisor treats these bytes as hostile: the process that made them has read what a job wrote.
package enum CheckerWire {
    private static let head = Array("gbxt".utf8) + [1]

    /// Encodes an answer.
    package static func encode(_ answer: CheckerAnswer) -> [UInt8] {
        var out = ByteWriter()
        out.bytes = head
        switch answer {
        case .refused(let fault):
            out.u8(1)
            out.u8(fault.kind.rawValue)
            out.u32(fault.line)
        case .table(let table):
            out.u8(0)
            out.u32(table.header.count)
            out.u32(table.rows.count)
            for name in table.header { out.text(name) }
            for row in table.rows { for cell in row { write(cell, &out) } }
        }
        return out.bytes
    }

    /// Decodes and validates an answer: types, sizes, ranges, and that nothing follows.
    ///
    /// - Throws: `format.bytes` when the bytes are no valid answer within the limits.
    package static func decode(_ bytes: [UInt8], limits: CheckedTable.Limits) throws(GloveboxError) -> CheckerAnswer {
        var input = ByteReader(bytes)
        guard try input.take(head.count).elementsEqual(head) else { throw ByteReader.invalid }
        let answer: CheckerAnswer
        switch try input.u8() {
        case 0: answer = .table(try table(&input, limits))
        case 1:
            guard let kind = CSVFault.Kind(rawValue: try input.u8()) else { throw ByteReader.invalid }
            answer = .refused(CSVFault(kind, line: try input.u32()))
        default: throw ByteReader.invalid
        }
        guard input.isAtEnd else { throw ByteReader.invalid }
        return answer
    }

    private static func write(_ cell: CheckedTable.Cell, _ out: inout ByteWriter) {
        switch cell {
        case .label(let text):
            out.u8(0)
            out.text(text)
        case .number(_, let text):
            out.u8(1)
            out.text(text)
        case .suppressed: out.u8(2)
        }
    }

    private static func table(
        _ input: inout ByteReader,
        _ limits: CheckedTable.Limits
    ) throws(GloveboxError) -> CheckedTable {
        let columns = try input.u32()
        let count = try input.u32()
        guard (1...CheckedTable.maxColumns).contains(columns), count <= limits.rows, columns * count <= limits.cells
        else { throw ByteReader.invalid }
        var header: [String] = []
        for _ in 0..<columns {
            let name = try input.text()
            guard TableLabel.isValid(name), !header.contains(name) else { throw ByteReader.invalid }
            header.append(name)
        }
        var rows: [[CheckedTable.Cell]] = []
        for _ in 0..<count {
            var row: [CheckedTable.Cell] = []
            for _ in 0..<columns { row.append(try cell(&input)) }
            rows.append(row)
        }
        return CheckedTable(header: header, rows: rows)
    }

    private static func cell(_ input: inout ByteReader) throws(GloveboxError) -> CheckedTable.Cell {
        switch try input.u8() {
        case 0:
            let text = try input.text()
            guard TableLabel.isValid(text) else { throw ByteReader.invalid }
            return .label(text)
        case 1:
            let text = try input.text()
            guard let number = ExactDecimal(csvText: text.utf8) else { throw ByteReader.invalid }
            return .number(number, text: text)
        case 2: return .suppressed
        default: throw ByteReader.invalid
        }
    }
}
