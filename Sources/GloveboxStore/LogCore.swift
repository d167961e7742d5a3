internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// What the writer and its thread share.
final class LogCore: Sendable {
    let signer: NoteSigner
    let seal: BodySeal
    let clock: LogClock
    let state: Mutex<LogState>
    private let publisher: LogPublisher
    /// Held while public files are written.
    private let publishing = Mutex(())
    /// Holds the lock on the log directory.
    private let lock: OwnedFile

    /// Opens, compares and repairs, as the table of section 10.2 says.
    init(
        layout: LogLayout,
        signer: NoteSigner,
        seal: BodySeal,
        context: EventContext,
        clock: LogClock,
        segmentBytes: Int
    ) throws(GloveboxError) {
        self.signer = signer
        self.seal = seal
        self.clock = clock
        self.publisher = LogPublisher(layout.log)
        try layout.check()
        lock = try layout.log.open()
        try lock.lock()
        let signLock = try SignLock(layout.signLock)
        let journal = Journal(layout.journal, segmentBytes: segmentBytes)
        var state = LogState(context: context, journal: journal, signLock: signLock)
        try state.recover(layout: layout, signer: signer, publisher: publisher)
        self.state = Mutex(state)
        try check(context)
    }

    /// - Throws: `log.origin` when the context is of another log.
    func check(_ context: EventContext) throws(GloveboxError) {
        guard context.origin.utf8.elementsEqual(signer.key.name.utf8) else {
            throw GloveboxError("log.origin", "events of \(Display.escape(context.origin)) do not belong in this log")
        }
    }

    /// Brings the public files up to date; a failure stops the writer.
    func publishOrStop() {
        publishing.withLock { _ in
            let work: LogPublisher.Work? = state.withLock { state in
                guard state.failure == nil, state.published != state.range.size else { return nil }
                return LogPublisher.Work(state, from: state.published ?? 0)
            }
            guard let work else { return }
            do throws(GloveboxError) {
                try publisher.publish(work)
                state.withLock { $0.published = work.size }
            } catch {
                state.withLock { state in
                    if state.failure == nil { state.failure = error }
                }
            }
        }
    }

    /// Replaces the public checkpoint by the same one with more lines, unless another one was published since.
    func publish(cosigned note: [UInt8], size: UInt64) throws(GloveboxError) -> Bool {
        try publishing.withLock { _ throws(GloveboxError) in
            let isCurrent = try state.withLock { state throws(GloveboxError) in
                try state.check()
                return state.published == size
            }
            if isCurrent { try publisher.replace(checkpoint: note) }
            return isCurrent
        }
    }

    /// Stops for good and lets another process open the log.
    func close() {
        state.withLock { state in
            if state.failure == nil { state.failure = GloveboxError("log.closed", "the log was closed") }
            state.signLock.release()
        }
        lock.unlock()
    }

    func entry(_ index: UInt64) throws(GloveboxError) -> LoggedEntry {
        let (place, journal, hash) = try state.withLock { state throws(GloveboxError) in
            guard index < state.range.size else {
                throw GloveboxError("log.index", "entry \(index) is not in a log of \(state.range.size) entries")
            }
            let hash = state.tree.hashes(level: 0, range: Int(index)..<Int(index) + 1)
            return (state.places[Int(index)], state.journal, Array(hash))
        }
        let item = try journal.read(place)
        guard MerkleHash.leaf(item.entry).bytes == hash else {
            throw GloveboxError("log.entry-mismatch", "entry \(index) has changed in the journal")
        }
        let kind = try LeafKind(item.entry)
        var body: EventBody?
        if !item.sealedBody.isEmpty { body = try seal.open(item.sealedBody, index: index) }
        return LoggedEntry(index: index, leaf: item.entry, kind: kind, body: body)
    }
}
