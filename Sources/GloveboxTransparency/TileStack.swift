package import GloveboxCore

/// The right edge of a log's tiles: at each level the hashes of the tile that is not full yet, and full tiles that are not
/// stored elsewhere yet.
///
/// So a writer knows root and proofs of a log of any length in a few kilobytes.
package struct TileStack: Sendable {
    /// A tile kept elsewhere, by its path, cut to the path's width.
    package typealias Stored = (TilePath) throws(GloveboxError) -> [UInt8]

    /// Size and root.
    package private(set) var range = CompactRange()
    /// `partial[level]`: the hashes of the tile that is being filled, end to end.
    private var partial: [[UInt8]] = []
    private var full: [TilePath: [UInt8]] = [:]

    /// The edge of an empty log.
    package init() {}

    /// Reads the edge of a log of that size from its tiles.
    ///
    /// - Throws: what `stored` throws. Whether the tiles are right, ``range`` tells by its root.
    package init(size: UInt64, stored: Stored) throws(GloveboxError) {
        var level = 0
        while size >> UInt64(8 * level) > 0 {
            let count = size >> UInt64(8 * level)
            let width = Int(count % 256)
            let path = TilePath(.hashes(level: level), index: count / 256, width: max(1, width))
            partial.append(width == 0 ? [] : try stored(path))
            level += 1
        }
        for (level, hashes) in partial.enumerated().reversed() {
            for start in stride(from: 0, to: hashes.count, by: 32) {
                range.append(subtree: MerkleHash.root(over: Array(hashes[start..<start + 32])), level: 8 * level)
            }
        }
    }

    /// Adds an entry at the end.
    package mutating func append(_ entry: [UInt8]) { append(Leaf(entry)) }

    /// Adds an entry whose hash is known.
    package mutating func append(_ leaf: Leaf) {
        range.append(subtree: leaf.hash, level: 0)
        var hash = leaf.hash
        var level = 0
        while true {
            if partial.count == level { partial.append([]) }
            hash.write(to: &partial[level])
            guard partial[level].count == 32 * TilePath.full else { return }
            let index = range.size >> UInt64(8 * (level + 1)) - 1
            full[TilePath(.hashes(level: level), index: index)] = partial[level]
            hash = MerkleHash.root(over: partial[level])
            partial[level] = []
            level += 1
        }
    }

    /// The hash of an entry, which only an entry's bytes give.
    package struct Leaf: Sendable {
        /// What stands in the tree.
        package let hash: Digest

        /// Hashes an entry.
        package init(_ entry: [UInt8]) { hash = MerkleHash.leaf(entry) }

        /// Hashes an entry that lies among other bytes.
        package init(_ entry: ArraySlice<UInt8>) { hash = MerkleHash.leaf(entry) }
    }

    /// Forgets full tiles that a log of that size has, as they are stored now.
    package mutating func forget(upTo size: UInt64) {
        for path in full.keys {
            guard case .hashes(let level) = path.content else { continue }
            if (path.index + 1) * 256 <= size >> UInt64(8 * level) { full[path] = nil }
        }
    }

    /// The hashes in a tile, or as many of its first as the path says; nil when they are kept elsewhere.
    package func hashes(_ path: TilePath) -> [UInt8]? {
        guard case .hashes(let level) = path.content, level < partial.count else { return nil }
        let tile = TilePath(path.content, index: path.index)
        if let hashes = full[tile] { return Array(hashes[..<(32 * path.width)]) }
        guard path.index == range.size >> UInt64(8 * level) / 256, partial[level].count >= 32 * path.width else {
            return nil
        }
        return Array(partial[level][..<(32 * path.width)])
    }

    /// The path that proves an entry to be in the tree of `size` entries, the leaf's sibling first.
    ///
    /// - Throws: `log.index`, what `stored` throws.
    package func inclusion(index: UInt64, size: UInt64, stored: Stored) throws(GloveboxError) -> [Digest] {
        guard size <= range.size, index < size else {
            throw GloveboxError("log.index", "entry \(index) is not in a tree of \(min(size, range.size)) entries")
        }
        return try hashes(of: MerklePath.inclusion(index: index, size: size), stored)
    }

    /// The hashes that prove the tree of `old` entries to be a beginning of the tree of `new` entries.
    ///
    /// - Throws: `log.size`, what `stored` throws.
    package func consistency(old: UInt64, new: UInt64, stored: Stored) throws(GloveboxError) -> [Digest] {
        guard old <= new, new <= range.size else {
            throw GloveboxError("log.size", "\(old), \(new) and \(range.size) are no sizes of one log, in this order")
        }
        return try hashes(of: MerklePath.consistency(old: old, new: new), stored)
    }

    /// The hash of an entry.
    ///
    /// - Throws: what `stored` throws.
    package func leafHash(_ index: UInt64, stored: Stored) throws(GloveboxError) -> Digest {
        try hash(of: index..<index + 1, stored)
    }

    private func hashes(of ranges: [Range<UInt64>], _ stored: Stored) throws(GloveboxError) -> [Digest] {
        var out: [Digest] = []
        for range in ranges { out.append(try hash(of: range, stored)) }
        return out
    }

    private func hash(of range: Range<UInt64>, _ stored: Stored) throws(GloveboxError) -> Digest {
        let count = range.upperBound - range.lowerBound
        guard count.nonzeroBitCount == 1 else {
            let middle = MerklePath.middle(of: range)
            return MerkleHash.node(
                try hash(of: range.lowerBound..<middle, stored),
                try hash(of: middle..<range.upperBound, stored)
            )
        }
        // A complete subtree is one hash of a tile, or the root over a few that stand side by side.
        let height = count.trailingZeroBitCount
        let first = range.lowerBound >> UInt64(8 * (height / 8))
        let start = Int(first % 256)
        let end = start + (1 << (height % 8))
        let path = TilePath(.hashes(level: height / 8), index: first / 256, width: end)
        let tile: [UInt8]
        if let held = hashes(path) {
            tile = held
        } else {
            tile = try stored(path)
        }
        return MerkleHash.root(over: Array(tile[32 * start..<32 * end]))
    }
}
