package import GloveboxCore
package import GloveboxPolicy

/// Where the rows of a dataset version come from: a table in memory, or a file that is read as they are counted.
package protocol RowSource: Sendable {
    /// What the values are checked against.
    var description: DatasetDescription { get }

    /// Whether what is released of the rows is remembered: of a version that a site keeps, and not of any other file.
    var isVersion: Bool { get }

    /// Hands over every row once, in order, in blocks of any size; how many there are.
    ///
    /// - Throws: `dataset.*` for rows that do not fit the description, and what `take` throws.
    func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int

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

extension DatasetTable: RowSource {
    // Rows that are read column by column before the next ones.
    private static let block = 16384

    package var isVersion: Bool { true }

    package func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int {
        for block in blocks { try take(block) }
        return rowCount
    }

    /// The rows, block by block.
    var blocks: some Sequence<RowBlock> {
        stride(from: 0, to: rowCount, by: Self.block).lazy.map { start in
            RowBlock(columns: columns, rows: start..<min(start + Self.block, rowCount), before: start)
        }
    }
}
