package import GloveboxCore
package import GloveboxPolicy

/// Where the rows of a dataset version come from: a table in memory, or a file that is read as they are counted.
package protocol RowSource: Sendable {
    /// What the values are checked against.
    var description: DatasetDescription { get }

    /// Hands over every row once, in order, in blocks of any size.
    ///
    /// - Throws: `dataset.*` for rows that do not fit the description, and what `take` throws.
    func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> DatasetSize
}

/// How large a dataset version is.
package struct DatasetSize: Hashable, Sendable {
    /// The number of rows.
    package let rows: Int
    /// The number of privacy units.
    package let units: Int
}

extension DatasetTable: RowSource {
    // Rows that are read column by column before the next ones.
    private static let block = 16384

    package func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> DatasetSize {
        let units = unitLookup
        for start in stride(from: 0, to: rowCount, by: Self.block) {
            let rows = start..<min(start + Self.block, rowCount)
            try take(RowBlock(columns: columns, rows: rows, before: start, units: units))
        }
        return DatasetSize(rows: rowCount, units: unitCount)
    }
}
