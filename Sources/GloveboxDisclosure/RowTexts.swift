internal import GloveboxPolicy

/// The texts of values while blocks of rows go by: an id is named once, in the block where it first appears.
///
/// What it keeps grows with the ids, not with the rows.
struct RowTexts {
    private let described: [DatasetColumn]
    private var names: [[String]]

    init(_ description: DatasetDescription) {
        described = description.columns
        names = [[String]](repeating: [], count: described.count)
    }

    /// Learns the names of the next block.
    mutating func take(_ block: RowBlock) {
        for column in described.indices where !block.names[column].isEmpty { names[column] += block.names[column] }
    }

    /// The text of a value of the last block as it is written to a job's file; nil for a value that is missing.
    func text(_ column: Int, _ row: Int, of block: RowBlock) -> String? {
        described[column].text(row, of: block.columns[column]) { names[column][$0] }
    }
}

extension DatasetColumn {
    /// The text of a value; nil for one that is missing.
    func text(_ row: Int, of column: DatasetTable.Column, name: (Int) -> String) -> String? {
        switch column {
        case .codes(let values):
            guard values[row] != DatasetTable.Column.missingCode, let codes else { return nil }
            return codes[Int(values[row])]
        case .numbers(let values):
            guard values[row] != DatasetTable.Column.missingNumber, case .number(let number) = type else { return nil }
            return number.text(values[row])
        case .identifiers(let values, _): return name(Int(values[row]))
        }
    }
}
