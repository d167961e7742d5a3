internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// Something to append, ready but for its place in the tree.
enum Draft: Sendable {
    /// An event.
    struct Event: Sendable {
        let template: LeafTemplate
        let job: LogIndex.Name?
        let key: LogIndex.Name?
        /// What its private body is sealed with.
        let nonce: [UInt8]
    }

    case event(Event)
    case report([UInt8])
}

/// One caller's batch on its way into the log.
final class Ticket: Sendable {
    /// Where a draft stands.
    struct Place: Sendable {
        let index: UInt64
        /// The index of the previous event of its job, if there is one.
        let previousOfJob: UInt64?
        /// Whether the log has, or is about to have, the leaf already.
        let isKnown: Bool
    }

    /// What a caller adds to a record.
    struct Part: Sendable {
        /// As they stand in the record.
        var items: [UInt8] = []
        var leaves: [TileStack.Leaf] = []
    }

    let drafts: [Draft]
    private let given = Mutex<[Place]>([])
    private let made = Mutex(Part())

    init(_ drafts: [Draft]) { self.drafts = drafts }

    /// Where the drafts stand; given once.
    var places: [Place] {
        get { given.withLock { $0 } }
        set { given.withLock { $0 = newValue } }
    }

    /// What it adds to the record, once it is ready.
    var part: Part { made.withLock { $0 } }

    /// Fills in the places, seals and hashes: all that needs them and not the other callers.
    ///
    /// - Throws: `log.unavailable` when a body cannot be sealed.
    func makePart(_ seal: BodySeal) throws(GloveboxError) {
        var part = Part()
        for (draft, place) in zip(drafts, places) where !place.isKnown {
            let entry: Range<Int>
            switch draft {
            case .report(let leaf): entry = try JournalRecord.add(to: &part.items) { $0 += leaf }
            case .event(let event):
                part.items.reserveCapacity(event.template.mostBytes + event.template.body.count + BodySeal.overhead + 8)
                entry = try JournalRecord.add(to: &part.items) { out in
                    event.template.write(index: place.index, previousOfJob: place.previousOfJob, to: &out)
                }
            }
            part.leaves.append(TileStack.Leaf(part.items[entry]))
            _ = try JournalRecord.add(to: &part.items) { (out) throws(GloveboxError) in
                guard case .event(let event) = draft else { return }
                try seal.seal(event.template.body, index: place.index, nonce: event.nonce, to: &out)
            }
        }
        made.withLock { $0 = part }
    }
}
