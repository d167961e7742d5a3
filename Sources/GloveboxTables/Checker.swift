/// The parse that runs in the checker's own jail: untrusted bytes in, a typed table or record or a refusal out.
///
/// A file goes through in pieces, so that its size does not matter. What it is is seen from its first byte: no table
/// starts like an object.
package struct Checker {
    /// Something that was read.
    package enum Event: Sendable {
        /// The column names of a table; rows follow.
        case header([String])
        /// The next row, as long as the header.
        case row(CheckedRow)
        /// The whole of an object.
        case record(CheckedRecord)
    }

    private let limits: CheckedTable.Limits
    private var reader = CSVReader(maxFieldBytes: 64)
    private var columns = 0
    private var rows = 0
    private var bytes = 0
    // Of the row at hand.
    private var kinds: [CheckedTable.Cell.Kind] = []
    // An object is small, and read in one go at its end.
    private var object: [UInt8]?

    /// Starts on the first byte of a file.
    package init(limits: CheckedTable.Limits) { self.limits = limits }

    /// Parses a whole file.
    package static func parse(_ bytes: [UInt8], limits: CheckedTable.Limits) -> CheckerAnswer {
        var checker = Checker(limits: limits)
        var header: [String] = []
        var rows: [[CheckedTable.Cell]] = []
        var record: CheckedRecord?
        do throws(CSVFault) {
            try checker.feed(bytes) { event in
                switch event {
                case .header(let names): header = names
                case .row(let row): rows.append(row.cells)
                case .record: break
                }
            }
            try checker.finish { event in
                switch event {
                case .header(let names): header = names
                case .row(let row): rows.append(row.cells)
                case .record(let found): record = found
                }
            }
            return record.map { .record($0) } ?? .table(CheckedTable(header: header, rows: rows))
        } catch {
            return .refused(error)
        }
    }

    /// Takes the next piece.
    ///
    /// - Throws: the first ``CSVFault`` of the file.
    package mutating func feed(_ chunk: [UInt8], _ take: (Event) -> Void) throws(CSVFault) {
        guard !chunk.isEmpty else { return }
        if bytes == 0 || object?.allSatisfy(Self.isSpace) == true {
            let start = (object ?? []) + chunk
            let first = start.first { !Self.isSpace($0) }
            // Blanks alone may become either; at the end they are neither.
            object = first == nil || first == UInt8(ascii: "{") ? [] : nil
            if object == nil, bytes > 0 { throw CSVFault(.blankLine, line: 1) }
        }
        bytes += chunk.count
        guard bytes <= limits.bytes else { throw CSVFault(.tooLarge, line: 0) }
        guard object == nil else {
            object?.append(contentsOf: chunk)
            guard bytes <= Self.maxObjectBytes else { throw CSVFault(.tooLarge, line: 0) }
            return
        }
        reader.load(chunk)
        while try reader.advance() { take(try event(reader.row)) }
    }

    /// Ends the file.
    ///
    /// - Throws: the first ``CSVFault`` of the file.
    package mutating func finish(_ take: (Event) -> Void) throws(CSVFault) {
        if let object {
            guard !object.allSatisfy(Self.isSpace) else { throw CSVFault(.blankLine, line: 1) }
            take(.record(try RecordParser.record(object)))
            return
        }
        if try reader.finish() { take(try event(reader.row)) }
        guard columns > 0 else { throw CSVFault(.empty, line: 0) }
    }

    private static let maxObjectBytes = 1 << 20

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }

    private mutating func event(_ row: CSVReader.Row) throws(CSVFault) -> Event {
        guard columns > 0 else {
            let names = try Self.columnNames(row)
            columns = names.count
            return .header(names)
        }
        guard rows < limits.rows else { throw CSVFault(.tooManyRows, line: row.line) }
        rows += 1
        guard rows * columns <= limits.cells else { throw CSVFault(.tooManyCells, line: row.line) }
        kinds.removeAll(keepingCapacity: true)
        let bytes = row.bytes
        for index in 0..<row.count {
            guard let kind = CheckedTable.Cell.Kind(bytes.span.extracting(row.range(index))) else {
                throw CSVFault(.cell, line: row.line)
            }
            kinds.append(kind)
        }
        return .row(CheckedRow(row: row, kinds: kinds))
    }

    private static func columnNames(_ row: CSVReader.Row) throws(CSVFault) -> [String] {
        var names: [String] = []
        guard row.count <= CheckedTable.maxColumns else { throw CSVFault(.tooManyCells, line: row.line) }
        for index in 0..<row.count {
            guard TableLabel.isValid(row[index]), !names.contains(row.text(index)) else {
                throw CSVFault(.header, line: row.line)
            }
            names.append(row.text(index))
        }
        return names
    }
}
