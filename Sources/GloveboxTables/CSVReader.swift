/// The strict CSV reader.
///
/// It takes a file in chunks of any size and holds one row at a time.
///
/// UTF-8 without byte-order mark, comma, optional `"` quoting with doubled quotes, LF or CRLF, the last line end
/// optional, one field count in every line, no blank lines, no control characters. Source: release policy section 8.1.
///
///     reader.load(chunk)
///     while try reader.advance() { use(reader.row) }
///     …
///     if try reader.finish() { use(reader.row) }
package struct CSVReader {
    /// One line, split into fields.
    package struct Row: Sendable {
        /// Where the fields stand.
        package fileprivate(set) var bytes: [UInt8] = []
        // Start and end of each field, one after the other.
        fileprivate var bounds: [Int] = []
        /// The line number, counted from 1.
        package fileprivate(set) var line = 0

        /// The number of fields.
        package var count: Int { bounds.count / 2 }

        /// The bytes of a field, without its quotes.
        package subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

        /// Where in ``bytes`` a field stands, without its quotes.
        package func range(_ index: Int) -> Range<Int> { bounds[2 * index]..<bounds[2 * index + 1] }

        /// The text of a field; the reader has checked its encoding.
        package func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

        // Notes where the fields of a plain row stand; where the row after it starts, nil when it is not plain.
        fileprivate mutating func split(_ chunk: [UInt8], from first: Int, fields fieldCount: Int, maxFieldBytes: Int)
            -> Int?
        {
            let bytes = chunk.span
            // A row that was read has as many; they are written in place, since this is done once per field of ten million rows.
            var places = bounds.mutableSpan
            guard places.count == 2 * fieldCount else { return nil }
            var (start, index, field) = (first, first, 0)
            while index < bytes.count {
                let byte = bytes[index]
                if byte > 0x2c, byte < 0x7f {
                    index += 1
                    continue
                }
                switch byte {
                case UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                    guard field < fieldCount, index - start <= maxFieldBytes else { return nil }
                    places[2 * field] = start
                    places[2 * field + 1] = index
                    field += 1
                    if byte != UInt8(ascii: ",") {
                        let isPair = byte == UInt8(ascii: "\r")
                        guard !isPair || index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "\n"),
                            field == fieldCount, index > first
                        else { return nil }
                        return index + (isPair ? 2 : 1)
                    }
                    start = index + 1
                case 0x20...0x2c where byte != UInt8(ascii: "\""): break
                default: return nil
                }
                index += 1
            }
            return nil
        }
    }

    private enum State {
        case start
        case plain
        case quoted
        case quoteInQuoted
        case carriageReturn
    }

    /// The row that ``advance()`` or ``finish()`` completed.
    package private(set) var row = Row()

    private let maxFieldBytes: Int
    private var chunk: [UInt8] = []
    private var at = 0
    // What was read of a row that is not all plain bytes of one chunk.
    private var own: [UInt8] = []
    private var rowIsOwn = false
    private var state = State.start
    private var line = 1
    private var rowIsOpen = false
    private var rowHasQuotes = false
    private var fieldCount: Int?

    /// Starts a file.
    ///
    /// - Parameters:
    ///   - maxFieldBytes: the greatest length of one field.
    ///   - firstLine: the number of the first line, when lines before it were skipped.
    package init(maxFieldBytes: Int = 1024, firstLine: Int = 1) {
        self.maxFieldBytes = maxFieldBytes
        self.line = firstLine
    }

    /// Gives the reader the next chunk.
    ///
    /// The one before must have been used up.
    package mutating func load(_ bytes: [UInt8]) {
        chunk = bytes
        at = 0
        if !rowIsOpen { row.bytes = chunk }
    }

    /// Goes on to the end of the next row; false when the chunk is used up first.
    ///
    /// - Throws: the first ``CSVFault`` of the file.
    package mutating func advance() throws(CSVFault) -> Bool {
        if !rowIsOpen, try plainRow() { return true }
        while at < chunk.count {
            let byte = chunk[at]
            at += 1
            if try take(byte) { return true }
        }
        return false
    }

    /// Ends the file; true when its last line had no line end and is now in ``row``.
    ///
    /// - Throws: a ``CSVFault`` when the file stops inside a quoted field or after a carriage return.
    package mutating func finish() throws(CSVFault) -> Bool {
        switch state {
        case .quoted: throw CSVFault(.quote, line: line)
        case .carriageReturn: throw CSVFault(.carriageReturn, line: line)
        case .start where !rowIsOpen: return false
        case .start, .plain, .quoteInQuoted:
            try endRow()
            return true
        }
    }

    // Almost every row is printable ASCII without quotes and stands in one chunk: its fields stay where they are. Anything
    // else, and the first row, is left to the byte-wise reader, which has all the rules; this one takes only what that one would.
    private mutating func plainRow() throws(CSVFault) -> Bool {
        guard let fieldCount, let end = row.split(chunk, from: at, fields: fieldCount, maxFieldBytes: maxFieldBytes)
        else { return false }
        at = end
        if rowIsOwn {
            row.bytes = chunk
            rowIsOwn = false
        }
        try closeRow()
        return true
    }

    // Returns true when the byte ends a row.
    private mutating func take(_ byte: UInt8) throws(CSVFault) -> Bool {
        if !rowIsOpen {
            own = []
            row.bounds.removeAll(keepingCapacity: true)
            rowIsOpen = true
            rowHasQuotes = false
        }
        if state == .quoted {
            if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { try append(byte) }
            return false
        }
        if state == .carriageReturn {
            guard byte == UInt8(ascii: "\n") else { throw CSVFault(.carriageReturn, line: line) }
            try endRow()
            return true
        }
        switch byte {
        case UInt8(ascii: ","):
            try endField()
        case UInt8(ascii: "\n"):
            try endRow()
            return true
        case UInt8(ascii: "\r"):
            state = .carriageReturn
        case UInt8(ascii: "\""):
            switch state {
            case .start:
                state = .quoted
                rowHasQuotes = true
            case .quoteInQuoted:
                try append(byte)
                state = .quoted
            default: throw CSVFault(.quote, line: line)
            }
        default:
            guard state != .quoteInQuoted else { throw CSVFault(.quote, line: line) }
            state = .plain
            try append(byte)
        }
        return false
    }

    private mutating func append(_ byte: UInt8) throws(CSVFault) {
        guard byte >= 32, byte != 127 else { throw CSVFault(.control, line: line) }
        let length = own.count - (row.bounds.last ?? 0)
        guard length < maxFieldBytes else { throw CSVFault(.fieldTooLong, line: line) }
        own.append(byte)
    }

    private mutating func endField() throws(CSVFault) {
        let field = own[(row.bounds.last ?? 0)...]
        // A comma never stands inside a UTF-8 sequence, so every field is valid by itself or the file is not.
        if !field.allSatisfy({ $0 < 128 }) {
            guard String(validating: field, as: UTF8.self) != nil else { throw CSVFault(.encoding, line: line) }
            if fieldCount == nil, row.bounds.isEmpty, field.starts(with: [0xef, 0xbb, 0xbf]) {
                throw CSVFault(.byteOrderMark, line: line)
            }
        }
        row.bounds += [field.startIndex, own.count]
        state = .start
    }

    private mutating func endRow() throws(CSVFault) {
        try endField()
        if row.count == 1, own.isEmpty, !rowHasQuotes { throw CSVFault(.blankLine, line: line) }
        row.bytes = own
        rowIsOwn = true
        try closeRow()
    }

    private mutating func closeRow() throws(CSVFault) {
        guard fieldCount == nil || fieldCount == row.count else { throw CSVFault(.fieldCount, line: line) }
        fieldCount = row.count
        row.line = line
        line += 1
        rowIsOpen = false
    }
}
