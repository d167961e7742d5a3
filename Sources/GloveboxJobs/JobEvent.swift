package import GloveboxCore

/// A change with its place in the journal.
///
/// Applying it is a compare-and-set on the job's last event index.
package struct JobEvent: Sendable, Hashable {
    /// The place of this event in the journal.
    package let index: UInt64
    /// The last event of the job that the writer of this one had seen.
    package let after: UInt64
    /// When it happened.
    package let at: Instant
    /// What happened.
    package let change: JobChange

    /// Places a change.
    package init(index: UInt64, after: UInt64, at: Instant, _ change: JobChange) {
        self.index = index
        self.after = after
        self.at = at
        self.change = change
    }
}
