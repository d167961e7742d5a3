internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// What the callers of a writer and its thread share.
final class LogCore: Sendable {
    let layout: LogLayout
    let signer: any CheckpointSigner
    let seal: BodySeal
    let clock: LogClock
    let state: Mutex<LogState>
    let context: Mutex<HeldContext>
    let journal: Journal
    let signLock: SignLock
    let publisher: LogPublisher
    /// Of records and of signed checkpoints.
    let syncs = Mutex(SyncTimes())
    /// Rung when there is something to publish, or to look after.
    let bell = Bell()
    /// Rung when a record is to be written by the thread for that.
    let recording = Bell()
    /// Held while a record is written, so that a copy of the journal can have it rest.
    let writing = Mutex(())
    /// Held while public files are written.
    let publishing = Mutex(())
    /// What the writer's thread keeps for itself.
    let upkeep: Mutex<Upkeep>
    /// Holds the lock on the log directory.
    private let lock: OwnedFile

    /// Opens, compares and repairs, as the table of section 10.2 says.
    init(
        layout: LogLayout,
        signer: any CheckpointSigner,
        seal: BodySeal,
        context: EventContext,
        clock: LogClock,
        segmentBytes: Int
    ) throws(GloveboxError) {
        self.layout = layout
        self.signer = signer
        self.seal = seal
        self.clock = clock
        self.context = Mutex(HeldContext(context))
        publisher = LogPublisher(layout.log)
        try layout.check()
        lock = try layout.log.open()
        try lock.lock()
        signLock = try SignLock(layout.signLock)
        let hadHome = signLock.hasHome
        let found = try LogRecovery(
            layout,
            keys: signer.keys,
            signLock: signLock,
            publisher: publisher,
            segmentBytes: segmentBytes
        )
        try signLock.claim(for: SignLock.Home(layout.home))
        // All that disagrees has been refused; from here on the disk is changed.
        journal = try found.replay.journal()
        let range = found.replay.stack.range
        var note = signLock.note
        // What a key signed that was changed since is signed again, so that no receipt needs the old one.
        let isCurrent = try SignedNote(parsing: note).line(of: signer.key) != nil
        if found.signed.size < range.size || !isCurrent || !hadHome {
            let checkpoint = Checkpoint(origin: signer.key.name, size: range.size, root: range.root)
            note = try checkpoint.signed(by: signer)
            try signLock.replace(with: note)
        }
        state = Mutex(
            LogState(stack: found.replay.stack, index: found.replay.index, note: note, published: found.published)
        )
        upkeep = Mutex(Upkeep(markedSize: found.markedSize))
        try check(context)
        // Tiles and bundles of the published size must be there and right before anything is built on them.
        do {
            try publisher.repair(size: found.published ?? 0, to: range.size, found.replay.stack, journal)
            try Ballast.make(layout.journal)
        } catch { try refuseUnlessFull(error) }
    }

    /// - Throws: `log.origin` when the context is of another log.
    func check(_ context: EventContext) throws(GloveboxError) {
        guard context.origin.utf8.elementsEqual(signer.key.name.utf8) else {
            throw GloveboxError("log.origin", "events of \(Display.escape(context.origin)) do not belong in this log")
        }
    }

    /// Does what ends when something is durable, and counts how long that took.
    func timed(_ work: () throws(GloveboxError) -> Void) throws(GloveboxError) {
        let start = LogClock.system.now().monotonic
        try work()
        let end = LogClock.system.now().monotonic
        syncs.withLock { $0.add(end - start) }
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

    /// Lets another process open the log, once nothing writes any more.
    func release() {
        journal.close()
        signLock.release()
        lock.unlock()
    }

    func leafHash(_ index: UInt64) throws(GloveboxError) -> Digest {
        let (stack, published) = try state.withLock { state throws(GloveboxError) in
            guard index < state.stack.range.size else {
                throw GloveboxError("log.index", "entry \(index) is not in a log of \(state.stack.range.size) entries")
            }
            return (state.stack, state.published ?? 0)
        }
        return try stack.leafHash(index) { path throws(GloveboxError) in
            try publisher.tile(path, size: published)
        }
    }

    private func refuseUnlessFull(_ error: GloveboxError) throws(GloveboxError) {
        guard error.code == "store.full" else { throw error }
        state.withLock { $0.condition = .full(error) }
        bell.ring()
    }
}
