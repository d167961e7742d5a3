package import GloveboxCore

/// A tree whose hashes lie in a log's tiles: proofs at the cost of a few files.
///
/// Nothing that comes out of it is checked here; a proof is, by whoever verifies it.
package final class TileTree {
    private let source: any LogSource
    private let size: UInt64
    private var tiles: [TilePath: [UInt8]] = [:]

    /// The tree of a log that has, or had, that many entries.
    package init(_ source: any LogSource, size: UInt64) {
        self.source = source
        self.size = size
    }

    /// The root, from the hashes on the right edge.
    ///
    /// - Throws: `log.tile-missing`, `log.tile-length`, `input.io`.
    package func root() async throws(GloveboxError) -> Digest {
        size == 0 ? MerkleHash.emptyRoot : try await hash(of: 0..<size)
    }

    /// The path that proves an entry to be in the tree, the leaf's sibling first.
    ///
    /// - Throws: `log.index`, `log.tile-missing`, `log.tile-length`, `input.io`.
    package func inclusion(index: UInt64) async throws(GloveboxError) -> [Digest] {
        guard index < size else {
            throw GloveboxError("log.index", "entry \(index) is not in a log of \(size) entries")
        }
        return try await hashes(of: MerklePath.inclusion(index: index, size: size))
    }

    /// The hashes that prove the tree of `old` entries to be a beginning of this one.
    ///
    /// - Throws: `log.size` when this tree is smaller; `log.tile-missing`, `log.tile-length`, `input.io`.
    package func consistency(old: UInt64) async throws(GloveboxError) -> [Digest] {
        guard old <= size else { throw GloveboxError("log.size", "the old size \(old) is above the size \(size)") }
        return try await hashes(of: MerklePath.consistency(old: old, new: size))
    }

    private func hashes(of ranges: [Range<UInt64>]) async throws(GloveboxError) -> [Digest] {
        var out: [Digest] = []
        for range in ranges { out.append(try await hash(of: range)) }
        return out
    }

    private func hash(of range: Range<UInt64>) async throws(GloveboxError) -> Digest {
        let count = range.upperBound - range.lowerBound
        guard count.nonzeroBitCount == 1 else {
            let middle = MerklePath.middle(of: range)
            let left = try await hash(of: range.lowerBound..<middle)
            return MerkleHash.node(left, try await hash(of: middle..<range.upperBound))
        }
        // A complete subtree is one hash of a tile, or the root over a few that stand side by side.
        let height = count.trailingZeroBitCount
        let level = height / 8
        let first = range.lowerBound >> UInt64(8 * level)
        let hashes = try await tile(level: level, index: first / 256)
        let start = Int(first % 256) * 32
        return MerkleHash.root(over: Array(hashes[start..<start + 32 << (height % 8)]))
    }

    private func tile(level: Int, index: UInt64) async throws(GloveboxError) -> [UInt8] {
        let width = min(256, size >> UInt64(8 * level) - index * 256)
        let path = TilePath(.hashes(level: level), index: index, width: Int(width))
        if let known = tiles[path] { return known }
        let hashes = try await source.tile(path)
        tiles[path] = hashes
        return hashes
    }
}
