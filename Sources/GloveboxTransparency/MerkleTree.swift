package import GloveboxCore

/// A whole tree in memory: every complete subtree's hash, 64 bytes an entry, so that any root or proof of any
/// size up to the present one takes a handful of hashes.
///
/// Entries come in as bytes; no call takes a hash made elsewhere.
package struct MerkleTree: Sendable {
    /// `levels[k]` holds, end to end, the 32-byte hashes of the complete subtrees of 2^k leaves.
    private var levels: [[UInt8]] = []
    /// How many entries the tree has.
    package private(set) var size: UInt64 = 0

    /// An empty tree.
    package init() {}

    /// Adds an entry at the end.
    package mutating func append(_ entry: [UInt8]) {
        var hash = MerkleHash.leaf(entry)
        var level = 0
        var index = size
        while true {
            if levels.count == level { levels.append([]) }
            hash.write(to: &levels[level])
            guard index & 1 == 1 else { break }
            hash = MerkleHash.node(complete(level: level, index: index - 1), hash)
            index >>= 1
            level += 1
        }
        size += 1
    }

    /// The root over all entries.
    package var root: Digest { size == 0 ? MerkleHash.emptyRoot : subtree(0..<size) }

    /// The root over the first `size` entries.
    ///
    /// - Throws: `log.size` when the tree is smaller.
    package func root(size: UInt64) throws(GloveboxError) -> Digest {
        try check(size: size)
        return size == 0 ? MerkleHash.emptyRoot : subtree(0..<size)
    }

    /// The path that proves entry `index` to be in the tree of `size` entries, the leaf's sibling first.
    ///
    /// - Throws: `log.index`, `log.size`.
    package func inclusion(index: UInt64, size: UInt64) throws(GloveboxError) -> [Digest] {
        try check(size: size)
        guard index < size else {
            throw GloveboxError("log.index", "entry \(index) is not in a tree of \(size) entries")
        }
        return MerklePath.inclusion(index: index, size: size).map(subtree)
    }

    /// The hashes that prove the tree of `old` entries to be a beginning of the tree of `new` entries.
    ///
    /// - Throws: `log.size`.
    package func consistency(old: UInt64, new: UInt64) throws(GloveboxError) -> [Digest] {
        try check(size: new)
        guard old <= new else { throw GloveboxError("log.size", "the old size \(old) is above the new size \(new)") }
        return MerklePath.consistency(old: old, new: new).map(subtree)
    }

    /// The hashes of consecutive complete subtrees of 2^level leaves, end to end, as tiles hold them.
    ///
    /// - Precondition: the range lies within the tree.
    package func hashes(level: Int, range: Range<Int>) -> ArraySlice<UInt8> {
        levels[level][range.lowerBound * 32..<range.upperBound * 32]
    }

    private func check(size: UInt64) throws(GloveboxError) {
        guard size <= self.size else {
            throw GloveboxError("log.size", "the tree has \(self.size) entries, not \(size)")
        }
    }

    private func subtree(_ range: Range<UInt64>) -> Digest {
        let count = range.upperBound - range.lowerBound
        if count.nonzeroBitCount == 1 {
            let level = count.trailingZeroBitCount
            return complete(level: level, index: range.lowerBound >> UInt64(level))
        }
        let middle = MerklePath.middle(of: range)
        return MerkleHash.node(subtree(range.lowerBound..<middle), subtree(middle..<range.upperBound))
    }

    private func complete(level: Int, index: UInt64) -> Digest {
        let start = Int(index) * 32
        guard let digest = Digest(bytes: Array(levels[level][start..<start + 32])) else {
            preconditionFailure("a hash has 32 bytes")
        }
        return digest
    }
}
