package import GloveboxCore

/// The right edge of a tree: enough to add entries and to know the root, in at most 64 hashes.
package struct CompactRange: Sendable, Hashable {
    /// How many entries were added.
    package private(set) var size: UInt64 = 0
    /// The complete subtrees from left to right, one for each bit set in `size`.
    private var edge: [Digest] = []

    /// An empty tree.
    package init() {}

    /// Adds an entry at the end.
    package mutating func append(_ entry: [UInt8]) { append(subtree: MerkleHash.leaf(entry), level: 0) }

    /// Adds an entry whose hash is known.
    package mutating func append(_ leaf: TileStack.Leaf) { append(subtree: leaf.hash, level: 0) }

    /// Adds a complete subtree of 2^level entries at the end.
    ///
    /// - Precondition: no smaller subtree stands at the edge.
    mutating func append(subtree root: Digest, level: Int) {
        precondition(size.trailingZeroBitCount >= level, "a subtree starts at a multiple of its size")
        var hash = root
        for _ in 0..<(~(size >> UInt64(level))).trailingZeroBitCount {
            hash = MerkleHash.node(edge.removeLast(), hash)
        }
        edge.append(hash)
        size += 1 << UInt64(level)
    }

    /// The root over all entries.
    package var root: Digest {
        guard var hash = edge.last else { return MerkleHash.emptyRoot }
        for left in edge.dropLast().reversed() { hash = MerkleHash.node(left, hash) }
        return hash
    }
}
