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

    /// The tree over what the journal holds.
    var stack: TileStack
    /// The checkpoint over what the journal holds.
    ///
    /// It may not leave the process before it is in the sign-lock.
    var journaled: SignedSize
    /// The last checkpoint in the sign-lock.
    var signed: SignedSize
    /// The size of the published checkpoint; nil when there is none.
    var published: UInt64?
    var condition = Condition.running
    /// Callers who wait for their record.
    var queue: [Gathering] = []
    /// Callers whose record is in the journal and who wait for a signature over that size.
    var awaiting: [(gathering: Gathering, end: UInt64)] = []
    /// Whether a caller is writing a record.
    var isSequencing = false
    /// Whether a caller is signing.
    var isSigning = false

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

    /// Lets a caller wait with others, or begin another gathering and lead it.
    mutating func join(_ ticket: Ticket) -> (gathering: Gathering, leads: Bool) {
        if let last = queue.last, last.add(ticket) { return (last, false) }
        let gathering = Gathering(ticket)
        queue.append(gathering)
        return (gathering, true)
    }

    /// Takes a gathering off the queue, so that nobody joins it any more; false when it was refused.
    mutating func take(_ gathering: Gathering) -> Bool {
        guard queue.first === gathering else { return false }
        queue.removeFirst()
        return true
    }

    /// Takes a record that is in the journal into memory.
    mutating func accept(_ stack: TileStack, _ note: [UInt8]) {
        self.stack = stack
        // The batch began before what was published since.
        if let published { self.stack.forget(upTo: published) }
        journaled = SignedSize(size: stack.range.size, note: note)
    }
}
