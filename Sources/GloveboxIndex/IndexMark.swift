package import GloveboxCore

/// How far an index has followed a journal.
package struct IndexMark: Sendable, Hashable {
    /// How many entries of the log it knows.
    package let size: UInt64
    /// The hash of the last of them in the tree, which tells one history from another.
    package let last: Digest

    /// The mark after an entry.
    package init(size: UInt64, last: Digest) { (self.size, self.last) = (size, last) }
}
