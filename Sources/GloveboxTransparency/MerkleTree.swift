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
            levels[level] += hash.bytes
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
        var path: [Digest] = []
        var range = 0..<size
        while range.count > 1 {
            let middle = range.lowerBound + Self.split(range)
            if index < middle {
                path.append(subtree(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(subtree(range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return path.reversed()
    }

    /// The hashes that prove the tree of `old` entries to be a beginning of the tree of `new` entries.
    ///
    /// - Throws: `log.size`.
    package func consistency(old: UInt64, new: UInt64) throws(GloveboxError) -> [Digest] {
        try check(size: new)
        guard old <= new else { throw GloveboxError("log.size", "the old size \(old) is above the new size \(new)") }
        guard old > 0, old < new else { return [] }
        var path: [Digest] = []
        var range = 0..<new
        // Down the edge between old and new, keeping what stands beside it, until a subtree ends exactly at `old`.
        while range.upperBound != old {
            let middle = range.lowerBound + Self.split(range)
            if old <= middle {
                path.append(subtree(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(subtree(range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        // A subtree that starts at 0 is the old root itself, which the reader has.
        if range.lowerBound > 0 { path.append(subtree(range)) }
        return path.reversed()
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

    /// The largest power of two below the number of entries in the range, which must be at least two.
    private static func split(_ range: Range<UInt64>) -> UInt64 {
        let last = range.upperBound - range.lowerBound - 1
        return 1 << UInt64(63 - last.leadingZeroBitCount)
    }

    private func subtree(_ range: Range<UInt64>) -> Digest {
        let count = range.upperBound - range.lowerBound
        if count.nonzeroBitCount == 1 {
            let level = count.trailingZeroBitCount
            return complete(level: level, index: range.lowerBound >> UInt64(level))
        }
        let middle = range.lowerBound + Self.split(range)
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
