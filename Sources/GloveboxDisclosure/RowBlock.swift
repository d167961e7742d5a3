/// Some rows of a dataset, column by column.
package struct RowBlock: Sendable {
    /// One for each column of the description; ids are numbers alone.
    let columns: [DatasetTable.Column]
    /// Which rows of the columns are meant.
    let rows: Range<Int>
    /// How many rows of the dataset stand before the first of them.
    let before: Int
    /// The privacy unit of each row of the columns; nil when the row itself is the unit.
    let units: [UInt32]?
    /// For each column the ids that appear first in these rows, in order; none for other columns.
    let names: [[String]]

    /// The privacy unit of a row, counted from 0.
    func unit(_ row: Int) -> UInt32 { units.map { $0[row] } ?? UInt32(before + row - rows.lowerBound) }
}
