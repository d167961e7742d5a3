internal import GloveboxPolicy

/// Some rows of a dataset, column by column.
package struct RowBlock: Sendable {
    /// One for each column of the description; ids are numbered anew in every block.
    let columns: [DatasetTable.Column]
    /// Which rows of the columns are meant.
    let rows: Range<Int>
    /// How many rows of the dataset stand before the first of them.
    let before: Int
}

extension DatasetColumn {
    /// The text of a value as it is written to a job's file; nil for one that is missing.
    func text(_ row: Int, of column: DatasetTable.Column) -> String? {
        switch column {
        case .codes(let values):
            guard values[row] != DatasetTable.Column.missingCode, let codes else { return nil }
            return codes[Int(values[row])]
        case .numbers(let values):
            guard values[row] != DatasetTable.Column.missingNumber, case .number(let number) = type else { return nil }
            return number.text(values[row])
        case .identifiers(let values, let names): return names[Int(values[row])]
        }
    }
}
