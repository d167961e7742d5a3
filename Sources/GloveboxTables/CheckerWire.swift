package import GloveboxCore

/// The bytes between the checker and the supervisor: lengths first, big-endian, nothing optional.
///
///     answer  = "gbxt" version:u8(2) (table | record | fault)
///     table   = 0 columns:u32 (text)*columns (1 (cell)*columns)* (2 | fault)
///     fault   = 3 kind:u8 line:u32
///     record  = 4 members:u32 (text (0 cell | 1 members:u32 (text cell)*members))*members
///     text    = length:u8 byte*length
///     cell    = 0 label:text | 1 number:text | 2
///
/// A table is written while it is read, so that a fault may come after rows. The supervisor treats these bytes as hostile:
/// the process that made them has read what a job wrote.
package enum CheckerWire {
    /// What stands first.
    package static let head = Array("gbxt".utf8) + [2]

    /// Encodes a whole answer.
    package static func encode(_ answer: CheckerAnswer) -> [UInt8] {
        var out = head
        switch answer {
        case .refused(let fault): encode(fault, &out)
        case .record(let record): encode(.record(record), &out)
        case .table(let table):
            encode(.header(table.header), &out)
            for row in table.rows {
                out.append(rowStart)
                for cell in row { append(cell, &out) }
            }
            out += tableEnd
        }
        return out
    }

    /// Appends what the checker has just read.
    package static func encode(_ event: Checker.Event, _ out: inout [UInt8]) {
        switch event {
        case .header(let names):
            out.append(0)
            append(count: names.count, &out)
            for name in names { append(text: name, &out) }
        case .row(let row):
            out.append(rowStart)
            for (index, kind) in row.kinds.enumerated() { append(kind, row.row[index], &out) }
        case .record(let record):
            out.append(4)
            append(count: record.members.count, &out)
            for (name, value) in record.members.sorted(by: { $0.key < $1.key }) {
                append(text: name, &out)
                switch value {
                case .cell(let cell):
                    out.append(0)
                    append(cell, &out)
                case .cells(let cells):
                    out.append(1)
                    append(count: cells.count, &out)
                    for (name, cell) in cells.sorted(by: { $0.key < $1.key }) {
                        append(text: name, &out)
                        append(cell, &out)
                    }
                }
            }
        }
    }

    /// What stands last in a table.
    package static let tableEnd: [UInt8] = [2]

    /// Appends a refusal, which is the last.
    package static func encode(_ fault: CSVFault, _ out: inout [UInt8]) {
        out += [3, fault.kind.rawValue]
        append(count: fault.line, &out)
    }

    /// Decodes and validates an answer: types, sizes, ranges, and that nothing follows.
    ///
    /// - Throws: `format.bytes` when the bytes are no valid answer within the limits.
    package static func decode(_ bytes: [UInt8], limits: CheckedTable.Limits) throws(GloveboxError) -> CheckerAnswer {
        var input = ByteReader(bytes)
        guard try input.take(head.count).elementsEqual(head) else { throw ByteReader.invalid }
        let answer: CheckerAnswer
        switch try input.u8() {
        case 0: answer = try table(&input, limits)
        case 3: answer = .refused(try fault(&input))
        case 4: answer = .record(try record(&input))
        default: throw ByteReader.invalid
        }
        guard input.isAtEnd else { throw ByteReader.invalid }
        return answer
    }

    // What stands before each row.
    private static let rowStart: UInt8 = 1

    private static func append(count: Int, _ out: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { out.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }

    private static func append(text: String, _ out: inout [UInt8]) {
        out.append(UInt8(text.utf8.count))
        out += text.utf8
    }

    private static func append(_ kind: CheckedTable.Cell.Kind, _ field: ArraySlice<UInt8>, _ out: inout [UInt8]) {
        switch kind {
        case .label: out.append(0)
        case .number: out.append(1)
        case .suppressed: return out.append(2)
        }
        // No field is longer than 64 bytes.
        out.append(UInt8(field.count))
        out += field
    }

    private static func append(_ cell: CheckedTable.Cell, _ out: inout [UInt8]) {
        switch cell {
        case .label(let text):
            out.append(0)
            append(text: text, &out)
        case .number(_, let text):
            out.append(1)
            append(text: text, &out)
        case .suppressed: out.append(2)
        }
    }

    private static func fault(_ input: inout ByteReader) throws(GloveboxError) -> CSVFault {
        guard let kind = CSVFault.Kind(rawValue: try input.u8()) else { throw ByteReader.invalid }
        return CSVFault(kind, line: try input.u32())
    }

    private static func table(
        _ input: inout ByteReader,
        _ limits: CheckedTable.Limits
    ) throws(GloveboxError) -> CheckerAnswer {
        let columns = try input.u32()
        guard (1...CheckedTable.maxColumns).contains(columns) else { throw ByteReader.invalid }
        var header: [String] = []
        for _ in 0..<columns {
            let name = try input.text()
            guard TableLabel.isValid(name), !header.contains(name) else { throw ByteReader.invalid }
            header.append(name)
        }
        var rows: [[CheckedTable.Cell]] = []
        while true {
            switch try input.u8() {
            case 1:
                guard rows.count < limits.rows, (rows.count + 1) * columns <= limits.cells else {
                    throw ByteReader.invalid
                }
                var row: [CheckedTable.Cell] = []
                for _ in 0..<columns { row.append(try cell(&input)) }
                rows.append(row)
            case 2: return .table(CheckedTable(header: header, rows: rows))
            case 3: return .refused(try fault(&input))
            default: throw ByteReader.invalid
            }
        }
    }

    private static func record(_ input: inout ByteReader) throws(GloveboxError) -> CheckedRecord {
        var members: [String: CheckedRecord.Value] = [:]
        for _ in 0..<(try memberCount(&input)) {
            let name = try name(&input)
            guard members[name] == nil else { throw ByteReader.invalid }
            switch try input.u8() {
            case 0: members[name] = .cell(try cell(&input))
            case 1:
                var cells: [String: CheckedTable.Cell] = [:]
                let count = try memberCount(&input)
                for _ in 0..<count { cells[try self.name(&input)] = try cell(&input) }
                guard cells.count == count else { throw ByteReader.invalid }
                members[name] = .cells(cells)
            default: throw ByteReader.invalid
            }
        }
        return CheckedRecord(members)
    }

    private static func memberCount(_ input: inout ByteReader) throws(GloveboxError) -> Int {
        let count = try input.u32()
        guard count <= CheckedRecord.maxMembers else { throw ByteReader.invalid }
        return count
    }

    private static func name(_ input: inout ByteReader) throws(GloveboxError) -> String {
        let name = try input.text()
        guard CheckedRecord.isName(name) else { throw ByteReader.invalid }
        return name
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
