internal import GloveboxCore
internal import GloveboxTransparency

/// What goes into one journal record: the drafts of one or more callers, each with its place.
struct LogBatch: Sendable {
    /// Where it begins.
    let firstIndex: UInt64
    /// Who takes part.
    private(set) var tickets: [Ticket] = []
    /// How many entries it adds.
    private(set) var count = 0
    /// How many drafts it has, with those the log knows already.
    private(set) var drafts = 0
    /// The last place of each job and key in the batch.
    private(set) var names: [LogIndex.Name: UInt64] = [:]

    init(at firstIndex: UInt64) {
        self.firstIndex = firstIndex
        tickets.reserveCapacity(64)
        // Grown while all callers wait for the lock, it would be hashed anew again and again.
        names.reserveCapacity(64)
    }

    /// The index after its last entry.
    var nextIndex: UInt64 { firstIndex + UInt64(count) }

    /// Gives a caller's drafts their places; one whose key the log or the batch has already keeps that one's.
    ///
    /// - Parameters:
    ///   - ticket: the caller's.
    ///   - known: the last place of a name before this batch.
    mutating func add(_ ticket: Ticket, known: (LogIndex.Name) -> UInt64?) {
        var places: [Ticket.Place] = []
        places.reserveCapacity(ticket.drafts.count)
        for draft in ticket.drafts {
            guard case .event(let event) = draft else {
                places.append(Ticket.Place(index: nextIndex, previousOfJob: nil, isKnown: false))
                count += 1
                continue
            }
            if let key = event.key, let index = names[key] ?? known(key) {
                places.append(Ticket.Place(index: index, previousOfJob: nil, isKnown: true))
                continue
            }
            let previous = event.job.flatMap { names[$0] ?? known($0) }
            if let job = event.job { names[job] = nextIndex }
            if let key = event.key { names[key] = nextIndex }
            places.append(Ticket.Place(index: nextIndex, previousOfJob: previous, isKnown: false))
            count += 1
        }
        drafts += ticket.drafts.count
        tickets.append(ticket)
        ticket.places = places
    }

    /// Puts together the record of what its callers have made ready, and takes their leaves into the tree.
    ///
    /// - Parameter stack: the tree before it; after it when this returns.
    /// - Returns: the record's bytes.
    func record(_ stack: inout TileStack) -> [UInt8] {
        let prevRoot = stack.range.root
        let parts = tickets.map(\.part)
        for part in parts { for leaf in part.leaves { stack.append(leaf) } }
        return JournalRecord.encode(
            firstIndex: firstIndex,
            count: count,
            prevRoot: prevRoot,
            newRoot: stack.range.root,
            items: parts.map(\.items)
        )
    }
}
