package import GloveboxJobs

/// Which jobs are asked for, and which page of them.
package struct JobQuery: Sendable, Hashable {
    /// Only those in this phase; nil for all.
    package var phase: JobPhase?
    /// Only those of this project; nil for all.
    package var project: String?
    /// Only those that come before this position; nil begins with the newest.
    package var before: UInt64?
    /// Greatest number of jobs.
    package var limit: Int

    /// Asks for a page.
    package init(phase: JobPhase? = nil, project: String? = nil, before: UInt64? = nil, limit: Int = 50) {
        self.phase = phase
        self.project = project
        self.before = before
        self.limit = limit
    }
}

/// A page of a list, newest first.
package struct Page<Item: Sendable>: Sendable {
    /// Its items.
    package let items: [Item]
    /// The position before which the next page begins; nil on the last.
    package let next: UInt64?

    /// A page.
    package init(_ items: [Item], next: UInt64?) {
        self.items = items
        self.next = next
    }
}
