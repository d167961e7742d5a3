internal import Dispatch
internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// Something to append, ready but for its place in the tree.
enum Draft: Sendable {
    case event(LeafTemplate, job: LogIndex.Name?, key: LogIndex.Name?)
    case report([UInt8])
}

/// One caller's batch on its way into the log.
final class Ticket: Sendable {
    /// What a caller does next.
    enum Call: Sendable {
        /// To write the next record for itself and those who wait with it.
        case sequence
        /// To sign what the journal holds.
        case sign
        /// Its events are durable and signed.
        case done
        /// The log refuses.
        case refuse(GloveboxError)
    }

    let drafts: [Draft]
    private let given = Mutex<[UInt64]>([])

    init(_ drafts: [Draft]) { self.drafts = drafts }

    /// The indexes the drafts were given.
    var indexes: [UInt64] {
        get { given.withLock { $0 } }
        set { given.withLock { $0 = newValue } }
    }
}
