internal import GloveboxCore
internal import GloveboxTransparency

/// What the log writer knows, changed only under its lock.
struct LogState: Sendable {
    /// Something to append.
    enum Draft: Sendable {
        case event(Event)
        case report([UInt8])
    }

    var context: EventContext
    var journal: Journal
    var signLock: SignLock
    var range = CompactRange()
    var tree = MerkleTree()
    var places: [Journal.Place] = []
    /// The index of the last event of each job.
    var lastOfJob: [String: UInt64] = [:]
    /// The size of the published checkpoint; nil when there is none.
    var published: UInt64?
    /// Why the writer stopped, once it has.
    var failure: GloveboxError?

    init(context: EventContext, journal: Journal, signLock: SignLock) {
        self.context = context
        self.journal = journal
        self.signLock = signLock
    }

    /// Refuses once a write has failed.
    func check() throws(GloveboxError) {
        guard let failure else { return }
        throw GloveboxError(
            "log.unavailable",
            "the log has stopped: \(failure.message)",
            hint: "repair the disk or free space, then start again"
        )
    }

    /// Takes a record that is in the journal into memory.
    mutating func accept(_ record: JournalRecord, _ newPlaces: [Journal.Place]) throws(GloveboxError) {
        for item in record.items {
            if case .event(let event) = try LeafKind(item.entry),
                let job = event["unmapped"]?["glovebox"]?["job"]?.string
            {
                lastOfJob[job] = range.size
            }
            range.append(item.entry)
            tree.append(item.entry)
        }
        places += newPlaces
    }

    /// Appends a batch: journal first, then the signature, then memory.
    ///
    /// - Returns: the indexes given.
    mutating func commit(
        _ drafts: [Draft],
        seal: BodySeal,
        signer: NoteSigner,
        clock: LogClock
    ) throws(GloveboxError) -> Range<UInt64> {
        try check()
        let record = try record(of: drafts, seal: seal, clock: clock)
        do {
            let newPlaces = try journal.append(record)
            let checkpoint = Checkpoint(origin: signer.key.name, size: record.newSize, root: record.newRoot)
            try signLock.replace(with: checkpoint.signed(by: signer))
            try accept(record, newPlaces)
        } catch {
            // The kernel may have dropped what it could not write, so that a second try could succeed and lie.
            failure = error
            try check()
        }
        return record.firstIndex..<record.newSize
    }

    private func record(of drafts: [Draft], seal: BodySeal, clock: LogClock) throws(GloveboxError) -> JournalRecord {
        guard (1...JournalRecord.maxItems).contains(drafts.count) else {
            throw GloveboxError("log.batch", "a batch has 1 to \(JournalRecord.maxItems) entries")
        }
        let now = clock.now()
        var random = SystemRandomNumberGenerator()
        var next = range
        var lastOfJob: [String: UInt64] = [:]
        var items: [JournalRecord.Item] = []
        for draft in drafts {
            let index = next.size
            switch draft {
            case .report(let leaf):
                guard case .report = try LeafKind(leaf) else {
                    throw GloveboxError("log.leaf-kind", "the entry is no report entry")
                }
                items.append(.init(entry: leaf, sealedBody: []))
            case .event(let event):
                let previous = event.job.flatMap { lastOfJob[$0] ?? self.lastOfJob[$0] }
                let place = EventPlace(
                    index: index,
                    previousOfJob: previous,
                    time: now.wall,
                    monotonic: now.monotonic
                )
                let (leaf, body) = try event.leaf(at: place, context: context, using: &random)
                let sealed = try seal.seal(body, index: index)
                guard sealed.count <= JournalRecord.maxSealedBytes else {
                    throw GloveboxError("log.schema", "the private body of \(event.kind.rawValue) is too long")
                }
                items.append(.init(entry: leaf, sealedBody: sealed))
                if let job = event.job { lastOfJob[job] = index }
            }
            next.append(items[items.count - 1].entry)
        }
        return JournalRecord(firstIndex: range.size, prevRoot: range.root, newRoot: next.root, items: items)
    }
}
