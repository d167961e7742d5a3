/// Why a CSV file is refused, and on which line.
///
/// It carries no byte of the file.
package struct CSVFault: Error, Hashable, Sendable {
    /// The cause.
    package enum Kind: UInt8, CaseIterable, Sendable {
        case encoding = 1
        case byteOrderMark = 2
        case empty = 3
        case blankLine = 4
        case fieldCount = 5
        case quote = 6
        case carriageReturn = 7
        case control = 8
        case fieldTooLong = 9
        case tooLarge = 10
        case tooManyRows = 11
        case tooManyCells = 12
        case cell = 13
        case header = 14
        case json = 15
    }

    /// The cause.
    package let kind: Kind
    /// The line, counted from 1; zero for the file as a whole.
    package let line: Int

    /// Makes a fault.
    package init(_ kind: Kind, line: Int) {
        self.kind = kind
        self.line = line
    }

    /// A sentence for people.
    package var message: String {
        let what =
            switch kind {
            case .encoding: "not valid UTF-8"
            case .byteOrderMark: "a byte-order mark stands at the start"
            case .empty: "the file has no header line"
            case .blankLine: "a blank line"
            case .fieldCount: "another number of fields than the first line has"
            case .quote: "a quote that opens or closes at the wrong place"
            case .carriageReturn: "a carriage return that is not part of a line end"
            case .control: "a control character"
            case .fieldTooLong: "a field over the length limit"
            case .tooLarge: "the file is over the byte limit"
            case .tooManyRows: "more rows than allowed"
            case .tooManyCells: "more cells than allowed"
            case .cell: "a cell that is neither a number nor a plain label"
            case .header: "a column name that is no plain label or stands twice"
            case .json: "no JSON object of plain labels and numbers"
            }
        guard kind != .json else { return what }
        return line > 0 ? "CSV line \(line): \(what)" : "CSV: \(what)"
    }
}
