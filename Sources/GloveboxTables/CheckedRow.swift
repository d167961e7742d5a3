/// A row of a table of which each field was found to be a cell.
///
/// The fields are still the reader's bytes, so that they are written again without becoming texts first.
package struct CheckedRow: Sendable {
    let row: CSVReader.Row
    let kinds: [CheckedTable.Cell.Kind]

    /// The cells with texts of their own.
    package var cells: [CheckedTable.Cell] {
        kinds.indices.map { CheckedTable.Cell(kinds[$0], text: row.text($0)) }
    }
}

extension CheckedTable.Cell {
    /// What a field is.
    enum Kind: Sendable {
        case label
        case number(ExactDecimal)
        case suppressed

        /// Judges the bytes of a field; nil for what is neither a number, a mark, nor a plain label.
        ///
        /// All three are ASCII.
        init?(_ field: Span<UInt8>) {
            if let number = ExactDecimal(csv: field) {
                self = .number(number)
            } else if TableLabel.isValid(field) {
                self = .label
            } else if Self.isMark(field) {
                self = .suppressed
            } else {
                return nil
            }
        }

        private static func isMark(_ field: Span<UInt8>) -> Bool {
            let mark = CheckedTable.Cell.suppressionMark.utf8
            return field.count == mark.count && zip(field.indices, mark).allSatisfy { field[$0] == $1 }
        }
    }

    /// A cell of a kind with the text that was judged.
    init(_ kind: Kind, text: String) {
        switch kind {
        case .label: self = .label(text)
        case .number(let number): self = .number(number, text: text)
        case .suppressed: self = .suppressed
        }
    }
}
