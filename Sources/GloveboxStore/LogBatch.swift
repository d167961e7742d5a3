internal import GloveboxCore
internal import GloveboxTransparency

/// What goes into one journal record: the drafts of one or more callers, each with its place.
struct LogBatch: Sendable {
    private struct Placed: Sendable {
        let draft: Draft
        let previousOfJob: UInt64?
    }

    /// The tree before it.
    private let stack: TileStack
    private let firstIndex: UInt64
    private var placed: [Placed] = []
    /// The size of the log from which on all of it is in the log, with what was there before.
    private(set) var end: UInt64 = 0
    /// The last place of each job and key in the batch.
    private(set) var names: [LogIndex.Name: UInt64] = [:]

    init(after stack: TileStack) {
        self.stack = stack
        firstIndex = stack.range.size
    }

    var count: Int { placed.count }

    /// Gives a caller's drafts their places; one whose key the log or the batch has already keeps that one's.
    mutating func add(_ ticket: Ticket, _ index: LogIndex) {
        var indexes: [UInt64] = []
        for draft in ticket.drafts {
            let place = firstIndex + UInt64(placed.count)
            guard case .event(_, let job, let key) = draft else {
                placed.append(Placed(draft: draft, previousOfJob: nil))
                indexes.append(place)
                continue
            }
            if let key, let known = names[key] ?? index[key] {
                indexes.append(known)
                continue
            }
            placed.append(Placed(draft: draft, previousOfJob: job.flatMap { names[$0] ?? index[$0] }))
            if let job { names[job] = place }
            if let key { names[key] = place }
            indexes.append(place)
        }
        ticket.indexes = indexes
        if let last = indexes.max() { end = max(end, last + 1) }
    }

    /// Writes the record, and hashes its leaves into the tree.
    ///
    /// - Throws: `log.unavailable` when a body cannot be sealed.
    func record(_ seal: BodySeal) throws(GloveboxError) -> (JournalRecord, TileStack) {
        var stack = stack
        // A nonce each, of two words.
        var random = BufferedRandom(expecting: 16 * placed.count)
        var items: [JournalRecord.Item] = []
        items.reserveCapacity(placed.count)
        for placed in placed {
            let item: JournalRecord.Item
            switch placed.draft {
            case .report(let leaf): item = JournalRecord.Item(entry: leaf, sealedBody: [])
            case .event(let template, _, _):
                item = JournalRecord.Item(
                    entry: template.leaf(index: stack.range.size, previousOfJob: placed.previousOfJob),
                    sealedBody: try seal.seal(template.body, index: stack.range.size, using: &random)
                )
            }
            stack.append(item.entry)
            items.append(item)
        }
        let record = JournalRecord(
            firstIndex: firstIndex,
            prevRoot: self.stack.range.root,
            newRoot: stack.range.root,
            items: items
        )
        return (record, stack)
    }
}
