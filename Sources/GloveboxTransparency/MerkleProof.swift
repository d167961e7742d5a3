package import GloveboxCore

/// The reader's side of proofs.
///
/// A proof has exactly the length its indexes ask for.
///
/// Source: RFC 6962 sections 2.1.1 and 2.1.2, RFC 9162 sections 2.1.3.2 and 2.1.4.2.
package enum MerkleProof {
    /// Checks that the leaf stands at `index` of the tree with that size and root.
    ///
    /// - Throws: `log.index`, `log.proof-length`, `log.root-mismatch`.
    package static func verifyInclusion(
        leaf: Digest,
        index: UInt64,
        size: UInt64,
        root: Digest,
        path: [Digest]
    ) throws(GloveboxError) {
        guard index < size else {
            throw GloveboxError("log.index", "entry \(index) cannot be in a tree of \(size) entries")
        }
        let inner = innerLength(index: index, size: size)
        try check(length: path.count, is: inner + (index >> UInt64(inner)).nonzeroBitCount)
        var hash = climb(leaf, path[..<inner], index: index)
        for left in path[inner...] { hash = MerkleHash.node(left, hash) }
        guard hash == root else {
            throw GloveboxError("log.root-mismatch", "entry \(index) is not in the tree with root \(root.hex)")
        }
    }

    /// Checks that the tree of the old size and root is a beginning of the new one.
    ///
    /// - Throws: `log.rollback` for a smaller new size, `log.fork` when the trees differ, `log.proof-length`.
    package static func verifyConsistency(
        old: (size: UInt64, root: Digest),
        new: (size: UInt64, root: Digest),
        proof: [Digest]
    ) throws(GloveboxError) {
        guard old.size <= new.size else {
            throw GloveboxError("log.rollback", "the log went from \(old.size) entries back to \(new.size)")
        }
        let fork = GloveboxError("log.fork", "the tree of \(old.size) entries is no beginning of that of \(new.size)")
        if old.size == 0 || old.size == new.size {
            try check(length: proof.count, is: 0)
            if old.size == 0, old.root != MerkleHash.emptyRoot { throw fork }
            if old.size == new.size, old.root != new.root { throw fork }
            return
        }
        let shift = UInt64(old.size.trailingZeroBitCount)
        let inner = innerLength(index: old.size - 1, size: new.size) - Int(shift)
        let border = ((old.size - 1) >> (UInt64(inner) + shift)).nonzeroBitCount
        // When the old tree is one complete subtree, its root is where the climb starts.
        let complete = old.size == 1 << shift
        try check(length: proof.count, is: inner + border + (complete ? 0 : 1))
        let start = complete ? old.root : proof[0]
        let path = complete ? proof[...] : proof[1...]
        let index = (old.size - 1) >> shift
        let edge = path.index(path.startIndex, offsetBy: inner)
        var oldHash = start
        for (offset, hash) in path[..<edge].enumerated() where index >> UInt64(offset) & 1 == 1 {
            oldHash = MerkleHash.node(hash, oldHash)
        }
        var newHash = climb(start, path[..<edge], index: index)
        for left in path[edge...] {
            oldHash = MerkleHash.node(left, oldHash)
            newHash = MerkleHash.node(left, newHash)
        }
        guard oldHash == old.root, newHash == new.root else { throw fork }
    }

    /// How many levels the leaf climbs before its path runs along the right edge of the tree.
    private static func innerLength(index: UInt64, size: UInt64) -> Int {
        64 - (index ^ (size - 1)).leadingZeroBitCount
    }

    private static func climb(_ start: Digest, _ path: ArraySlice<Digest>, index: UInt64) -> Digest {
        var hash = start
        for (level, sibling) in path.enumerated() {
            let isRight = index >> UInt64(level) & 1 == 1
            hash = isRight ? MerkleHash.node(sibling, hash) : MerkleHash.node(hash, sibling)
        }
        return hash
    }

    private static func check(length: Int, is expected: Int) throws(GloveboxError) {
        guard length == expected else {
            throw GloveboxError("log.proof-length", "a proof of \(expected) hashes was due, \(length) came")
        }
    }
}
