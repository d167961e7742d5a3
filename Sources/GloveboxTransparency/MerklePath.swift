/// Which ranges of entries the hashes of a proof stand for, wherever the hashes are kept.
///
/// Source: RFC 6962 sections 2.1.1 and 2.1.2.
enum MerklePath {
    /// The ranges of an inclusion proof, the leaf's sibling first.
    ///
    /// - Precondition: `index < size`.
    static func inclusion(index: UInt64, size: UInt64) -> [Range<UInt64>] {
        var path: [Range<UInt64>] = []
        var range = 0..<size
        while range.upperBound - range.lowerBound > 1 {
            let middle = middle(of: range)
            if index < middle {
                path.append(middle..<range.upperBound)
                range = range.lowerBound..<middle
            } else {
                path.append(range.lowerBound..<middle)
                range = middle..<range.upperBound
            }
        }
        return path.reversed()
    }

    /// The ranges of a consistency proof; none when the old tree is empty or the new one.
    ///
    /// - Precondition: `old <= new`.
    static func consistency(old: UInt64, new: UInt64) -> [Range<UInt64>] {
        guard old > 0, old < new else { return [] }
        var path: [Range<UInt64>] = []
        var range = 0..<new
        // Down the edge between old and new, keeping what stands beside it, until a subtree ends exactly at `old`.
        while range.upperBound != old {
            let middle = middle(of: range)
            if old <= middle {
                path.append(middle..<range.upperBound)
                range = range.lowerBound..<middle
            } else {
                path.append(range.lowerBound..<middle)
                range = middle..<range.upperBound
            }
        }
        // A subtree that starts at 0 is the old root itself, which the reader has.
        if range.lowerBound > 0 { path.append(range) }
        return path.reversed()
    }

    /// Where a tree of at least two entries divides: its left part is the largest power of two below its size.
    static func middle(of range: Range<UInt64>) -> UInt64 {
        let last = range.upperBound - range.lowerBound - 1
        return range.lowerBound + 1 << UInt64(63 - last.leadingZeroBitCount)
    }
}
