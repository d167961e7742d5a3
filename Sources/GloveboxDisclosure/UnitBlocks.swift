package import GloveboxCore
package import GloveboxPolicy

/// A dataset's units in disjoint blocks: a unit's rows stand together, and other units decide nothing about where.
///
/// So a unit more or less changes one block. The block of a unit is a keyed hash of it, under a key that nobody outside
/// has. Source: release policy section 10.
package struct UnitBlocks: Sendable {
    /// The rows of each block, as indexes into the dataset, in an order that other units do not change either.
    package let rows: [[Int]]
    private let seed: Digest

    /// Divides the rows that the input policy lets through; the seed is secret.
    ///
    /// - Throws: `spec.predicate`.
    package init(
        of table: DatasetTable,
        inputPolicy: InputPolicy,
        count: Int64,
        seed: Digest
    ) throws(GloveboxError) {
        let tags = try table.unitTags(LineageKey(seed.bytes))
        let lookup = table.unitLookup
        var tagged = [[(tag: UnitTag, row: Int)]](repeating: [], count: Int(count))
        for row in try RowFilter(inputPolicy.rowFilter, description: table.description).rows(of: table) {
            let tag = tags[lookup.map { Int($0[row]) } ?? row]
            tagged[tag.block(of: UInt128(count))].append((tag, row))
        }
        // By tag, since the place of a row among equal ones depends on those.
        rows = tagged.map { block in block.sorted { ($0.tag, $0.row) < ($1.tag, $1.row) }.map(\.row) }
        self.seed = seed
    }

    /// The seed of the order in which a block's rows are shown: its own, so that other blocks do not matter.
    package func orderSeed(of block: Int) -> Digest {
        Digest(sha256: Array("glovebox/block-order/v1 \(block)\n".utf8) + seed.bytes)
    }
}

extension UnitTag {
    /// The tag as a number, modulo the number of blocks: uneven by less than 2^-117.
    fileprivate func block(of count: UInt128) -> Int { Int((UInt128(high) << 64 | UInt128(low)) % count) }
}
