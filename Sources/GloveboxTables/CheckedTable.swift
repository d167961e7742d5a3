/// A parsed table file of a job: column names and typed cells, and nothing else of the bytes the job wrote.
package struct CheckedTable: Hashable, Sendable {
    /// One cell.
    package enum Cell: Hashable, Sendable {
        /// A plain label that is no number, at most 40 bytes.
        case label(String)
        /// A number with the text it had, since a code such as `01` is told apart by its text.
        case number(ExactDecimal, text: String)
        /// The mark `[c]` of a suppressed cell.
        case suppressed

        /// A number in its one text.
        package init(_ number: ExactDecimal) { self = .number(number, text: number.text) }

        /// The text that is compared with a code.
        package var text: String {
            switch self {
            case .label(let text), .number(_, let text): text
            case .suppressed: Cell.suppressionMark
            }
        }

        /// How a suppressed cell is written.
        package static let suppressionMark = "[c]"
    }

    /// Bounds on a table.
    package struct Limits: Hashable, Sendable {
        /// Greatest file length in bytes.
        package let bytes: Int
        /// Greatest number of rows, the header not counted.
        package let rows: Int
        /// Greatest number of cells, the header not counted.
        package let cells: Int

        /// Sets the bounds.
        package init(bytes: Int, rows: Int, cells: Int) {
            self.bytes = bytes
            self.rows = rows
            self.cells = cells
        }

        /// The greatest bounds any policy may set, for a reader that does not know the policy yet.
        package static let ceiling = Limits(bytes: 16_777_216, rows: 1_000_000, cells: 4_000_000)
    }

    /// Greatest number of columns.
    package static let maxColumns = 64

    /// The column names.
    package let header: [String]
    /// The rows, each as long as the header.
    package let rows: [[Cell]]

    /// Makes a table; every row must be as long as the header.
    package init(header: [String], rows: [[Cell]]) {
        precondition(rows.allSatisfy { $0.count == header.count }, "a row has another length than the header")
        self.header = header
        self.rows = rows
    }
}

/// What the checker says about one file.
package enum CheckerAnswer: Hashable, Sendable {
    /// The file is a table.
    case table(CheckedTable)
    /// The file is a JSON object.
    case record(CheckedRecord)
    /// The file is refused.
    case refused(CSVFault)
}
