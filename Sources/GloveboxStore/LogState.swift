internal import GloveboxCore
internal import GloveboxTransparency

/// A signed checkpoint and the size in it.
struct SignedSize: Sendable {
    let size: UInt64
    let note: [UInt8]
}

/// What the log writer knows, changed only under its lock; nothing is written to disk under it.
struct LogState: Sendable {
    /// Whether the log takes events.
    enum Condition: Sendable {
        case running
        /// There is no room; it goes on by itself when there is.
        case full(GloveboxError)
        /// A write failed, or the log was closed: it stays so.
        case stopped(GloveboxError)
    }

    /// The tree over what the journal holds and the sign-lock has.
    var stack: TileStack
    /// The last checkpoint in the sign-lock.
    var signed: SignedSize
    /// The size of the published checkpoint; nil when there is none.
    var published: UInt64?
    /// When this process last published one, by the monotonic clock in nanoseconds.
    var publishedAt: UInt64?
    var condition = Condition.running
    /// The names in what the journal holds.
    var index: LogIndex
    /// The names in the record that is being written.
    var written: [LogIndex.Name: UInt64] = [:]
    /// The index of the next entry that is given a place.
    private(set) var nextIndex: UInt64
    /// Callers who wait for their record, each with its place in the tree.
    var queue: [(gathering: Gathering, batch: LogBatch)] = []
    /// Whether somebody sees to the next record.
    var isSequencing = false

    /// Refuses once a write has failed, or while there is no room.
    ///
    /// - Throws: `log.unavailable`, `log.full`.
    func check() throws(GloveboxError) {
        switch condition {
        case .running: break
        case .full(let cause):
            throw GloveboxError(
                "log.full",
                "the log has no room: \(cause.message)",
                hint: "free space on its disk; it goes on by itself"
            )
        case .stopped(let cause):
            throw GloveboxError(
                "log.unavailable",
                "the log has stopped: \(cause.message)",
                hint: "repair the disk, then start again"
            )
        }
    }

    /// The error of ``check()``.
    var refusal: GloveboxError? {
        do {
            try check()
            return nil
        } catch { return error }
    }

    init(stack: TileStack, index: LogIndex, note: [UInt8], published: UInt64?) {
        (self.stack, self.index, self.published) = (stack, index, published)
        signed = SignedSize(size: stack.range.size, note: note)
        nextIndex = stack.range.size
    }

    /// Gives a caller's drafts their places, beside others that wait or at the head of another gathering.
    mutating func join(_ ticket: Ticket) -> Gathering {
        let before = queue.last?.batch.drafts ?? JournalRecord.maxItems
        let isFirst = before + ticket.drafts.count > JournalRecord.maxItems
        // Taken out, so that it is not copied when it changes.
        var (gathering, batch) = isFirst ? (Gathering(), LogBatch(at: nextIndex)) : queue.removeLast()
        batch.add(ticket) { name in
            for waiting in queue.reversed() { if let index = waiting.batch.names[name] { return index } }
            return written[name] ?? index[name]
        }
        nextIndex = batch.nextIndex
        gathering.join()
        queue.append((gathering, batch))
        return gathering
    }

    /// Takes the first gathering off the queue, so that nobody joins it any more; nil when there is none.
    mutating func take() -> (gathering: Gathering, batch: LogBatch)? {
        guard !queue.isEmpty else { return nil }
        let first = queue.removeFirst()
        written = first.batch.names
        return first
    }

    /// Takes a record that is in the journal, with the checkpoint that is in the sign-lock, into memory.
    mutating func accept(_ stack: TileStack, _ note: [UInt8]) {
        self.stack = stack
        // The batch began before what was published since.
        if let published { self.stack.forget(upTo: published) }
        signed = SignedSize(size: stack.range.size, note: note)
        for (name, place) in written { index[name] = place }
        written = [:]
    }

    /// Gives up the places of all who wait, and of a record that was not written.
    ///
    /// - Returns: who waited.
    mutating func refuseAll() -> [Gathering] {
        defer {
            queue = []
            written = [:]
            nextIndex = stack.range.size
        }
        return queue.map(\.gathering)
    }
}
