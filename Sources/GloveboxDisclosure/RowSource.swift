package import GloveboxCore
package import GloveboxPolicy

/// Where the rows of a dataset version come from: a table in memory, or a file that is read as they are counted.
package protocol RowSource: Sendable {
    /// What the values are checked against.
    var description: DatasetDescription { get }

    /// Whether what is released of the rows is remembered: of a version that a site keeps, and not of any other file.
    var isVersion: Bool { get }

    /// Hands over every row once, in order, in blocks of any size.
    ///
    /// - Throws: `dataset.*` for rows that do not fit the description, and what `take` throws.
    func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> DatasetSize

    /// SHA-256 of the stored form (``RowGroupWriter``): the digest of the dataset version.
    ///
    /// - Throws: as ``rows(_:)``.
    func versionDigest() throws(GloveboxError) -> Digest
}

extension RowSource {
    package var isVersion: Bool { false }

    package func versionDigest() throws(GloveboxError) -> Digest {
        try Digest(sha256Of: { (take) throws(GloveboxError) in
            var writer = RowGroupWriter(description)
            _ = try rows { (block) throws(GloveboxError) in writer.add(block, take) }
            writer.finish(take)
        })
    }
}

/// How large a dataset version is.
package struct DatasetSize: Hashable, Sendable {
    /// The number of rows.
    package let rows: Int
    /// The number of privacy units.
    package let units: Int

    /// Says how large one is.
    package init(rows: Int, units: Int) { (self.rows, self.units) = (rows, units) }
}

extension DatasetTable: RowSource {
    // Rows that are read column by column before the next ones.
    private static let block = 16384

    package var isVersion: Bool { true }

    package func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> DatasetSize {
        for block in blocks { try take(block) }
        return DatasetSize(rows: rowCount, units: unitCount)
    }

    /// The rows, block by block.
    var blocks: some Sequence<RowBlock> {
        let units = unitLookup
        var known = [Int](repeating: 0, count: columns.count)
        return sequence(state: 0) { (start: inout Int) -> RowBlock? in
            guard start < rowCount else { return nil }
            let rows = start..<min(start + Self.block, rowCount)
            defer { start = rows.upperBound }
            let names = columns.indices.map { index -> [String] in
                guard case .identifiers(let values, let names) = columns[index] else { return [] }
                // Ids are numbered as they appear.
                let end = max(known[index], values[rows].reduce(0) { max($0, Int($1) + 1) })
                defer { known[index] = end }
                return Array(names[known[index]..<end])
            }
            return RowBlock(columns: columns, rows: rows, before: start, units: units, names: names)
        }
    }
}
