/// Some rows of a dataset, column by column.
package struct RowBlock: Sendable {
    /// One for each column of the description.
    let columns: [DatasetTable.Column]
    /// Which rows of the columns are meant.
    let rows: Range<Int>
    /// How many rows of the dataset stand before the first of them.
    let before: Int
    /// The privacy unit of each row of the columns; nil when the row itself is the unit.
    let units: [UInt32]?

    /// The privacy unit of a row, counted from 0.
    func unit(_ row: Int) -> UInt32 { units.map { $0[row] } ?? UInt32(before + row - rows.lowerBound) }
}
