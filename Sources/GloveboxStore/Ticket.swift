internal import Dispatch
internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// Something to append, ready but for its place in the tree.
enum Draft: Sendable {
    case event(LeafTemplate, job: LogIndex.Name?, key: LogIndex.Name?)
    case report([UInt8])
}

/// One caller's batch on its way into the log, and where the caller waits.
final class Ticket: Sendable {
    /// What the caller is woken for.
    enum Call: Sendable {
        /// To write the next record for itself and those who wait.
        case sequence
        /// To sign what the journal holds.
        case sign
        /// Its events are durable and signed.
        case done
        /// The log refuses.
        case refuse(GloveboxError)
    }

    let drafts: [Draft]
    private let semaphore = DispatchSemaphore(value: 0)
    private let call = Mutex<Call>(.done)
    private let given = Mutex<(indexes: [UInt64], end: UInt64)>(([], 0))

    init(_ drafts: [Draft]) { self.drafts = drafts }

    /// The indexes the drafts were given.
    var indexes: [UInt64] {
        get { given.withLock { $0.indexes } }
        set { given.withLock { $0 = (newValue, (newValue.max() ?? 0) + 1) } }
    }

    /// The size of the log from which on all of the drafts are in it.
    var end: UInt64 { given.withLock { $0.end } }

    /// Wakes the caller.
    func wake(_ call: Call) {
        self.call.withLock { $0 = call }
        semaphore.signal()
    }

    /// Waits to be woken.
    func wait() -> Call {
        semaphore.wait()
        return call.withLock { $0 }
    }
}
