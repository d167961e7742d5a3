package import GloveboxCore
package import GloveboxTransparency
internal import Synchronization

/// The one writer of a log.
///
/// Calls block until the disk has answered, but for ``enqueue(_:)``: keep them off the cooperative pool.
///
/// When ``append(_:)`` returns, its events are durable and the checkpoint over them is signed. Tiles, bundles and the
/// public checkpoint follow on a thread of their own. After the first failed write nothing is appended any more; on a full
/// disk nothing is until there is room.
///
/// Source: transparency-log specification, section 10.
package final class LogWriter: Sendable {
    let core: LogCore
    private let publisher: BackgroundThread
    private let recorder: BackgroundThread

    /// Makes a new, empty log.
    ///
    /// Nothing makes a log on its own.
    ///
    /// - Throws: `log.exists`, `store.io`.
    package static func create(at layout: LogLayout, signer: any CheckpointSigner) throws(GloveboxError) {
        try layout.create()
        let empty = Checkpoint(origin: signer.key.name, size: 0, root: MerkleHash.emptyRoot)
        try SignLock.create(layout.signLock, home: layout.home, note: empty.signed(by: signer))
    }

    /// Makes a new, empty log under a state directory.
    ///
    /// - Throws: as ``create(at:signer:)``.
    package static func create(in state: String, signer: any CheckpointSigner) throws(GloveboxError) {
        try create(at: LogLayout(state: state), signer: signer)
    }

    /// Opens the log of a state directory.
    ///
    /// - Throws: as ``init(opening:signer:bodyKey:context:clock:segmentBytes:)-(LogLayout,_,_,_,_,_)``.
    package convenience init(
        opening state: String,
        signer: any CheckpointSigner,
        bodyKey: [UInt8],
        context: EventContext,
        clock: LogClock = .system,
        segmentBytes: Int = 4 << 20
    ) throws(GloveboxError) {
        try self.init(
            opening: LogLayout(state: state),
            signer: signer,
            bodyKey: bodyKey,
            context: context,
            clock: clock,
            segmentBytes: segmentBytes
        )
    }

    /// Opens a log and brings its parts to one state, as far as that loses and invents nothing.
    ///
    /// - Parameters:
    ///   - layout: where it lies.
    ///   - signer: the log's key; its name is the origin.
    ///   - bodyKey: 32 bytes under which private bodies are sealed.
    ///   - context: what stands in every event of this run.
    ///   - clock: the clocks events are stamped with.
    ///   - segmentBytes: room a journal segment reserves.
    /// - Throws: `log.locked`, `log.sign-lock`, `log.copied`, `log.journal-corrupt`, `log.rollback`, `log.fork`, `log.origin`,
    ///   `log.checkpoint-signature`, `log.entry-mismatch`, `log.tile-hash`, `log.tile-length`, `store.permissions`,
    ///   `key.format`, `store.io`.
    package init(
        opening layout: LogLayout,
        signer: any CheckpointSigner,
        bodyKey: [UInt8],
        context: EventContext,
        clock: LogClock = .system,
        segmentBytes: Int = 4 << 20
    ) throws(GloveboxError) {
        let core = try LogCore(
            layout: layout,
            signer: signer,
            seal: BodySeal(key: bodyKey),
            context: context,
            clock: clock,
            segmentBytes: segmentBytes
        )
        self.core = core
        publisher = try BackgroundThread(core.bell, .leisurely) { core.tend() }
        recorder = try BackgroundThread(core.recording, .atOnce) { core.writeRecords() }
    }

    /// The log's public key.
    package var key: NoteKey { core.signer.key }

    /// Every key the log ever had, the one in force first.
    package var keys: [NoteKey] { core.signer.keys }

    /// The last signed checkpoint, as a note.
    package var checkpoint: [UInt8] { core.state.withLock { $0.signed.note } }

    /// How many entries the log has.
    package var size: UInt64 { core.state.withLock { $0.stack.range.size } }

    /// Why it takes no events now; nil while it does.
    package var refusal: GloveboxError? { core.state.withLock { $0.refusal } }

    /// How many entries the public checkpoint covers.
    package var publishedSize: UInt64 { core.state.withLock { $0.published ?? 0 } }

    /// How long records and signed checkpoints took to be durable, since it was opened.
    package var syncTimes: SyncTimes { core.syncs.withLock { $0 } }

    /// Seconds since it last published a checkpoint; nil while it has not.
    package var checkpointAge: Double? {
        let published = core.state.withLock { $0.publishedAt }
        return published.map { Double(LogClock.system.now().monotonic - $0) / 1e9 }
    }

    /// The hash of an entry in the tree.
    ///
    /// - Throws: `log.index`, `log.missing-tiles`, `store.io`.
    package func leafHash(_ index: UInt64) throws(GloveboxError) -> Digest { try core.leafHash(index) }

    /// Appends events in one journal record: all of them or none.
    ///
    /// - Returns: their indexes; for an event whose idempotency key the log knows, the index of the leaf it has.
    /// - Throws: `log.unavailable` after a failed write; `log.full` while the disk is; `log.batch` for more than 256
    ///   events; `log.schema` and
    ///   `log.leaf-not-canonical` for an event that cannot be written; `log.unpaired-report` for an
    ///   `attestation.issued`, which only ``appendReport(hashedRekord:issued:)`` writes.
    package func append(_ events: [Event]) throws(GloveboxError) -> [UInt64] {
        guard let ticket = try ticket(events) else { return [] }
        return try core.commit(ticket)
    }

    /// As ``append(_:)``, without a thread that waits while the disk works: for many callers at once.
    ///
    /// The events are part of the log whether or not the task is cancelled.
    ///
    /// - Throws: as ``append(_:)``.
    package func enqueue(_ events: [Event]) async throws(GloveboxError) -> [UInt64] {
        guard let ticket = try ticket(events) else { return [] }
        return try await core.commitLater(ticket)
    }

    /// Makes events ready; nil when there are none.
    private func ticket(_ events: [Event]) throws(GloveboxError) -> Ticket? {
        for at in events.indices where events[at].kind == .attestationIssued {
            throw GloveboxError("log.unpaired-report", "attestation.issued is written with its report only")
        }
        guard !events.isEmpty else { return nil }
        guard events.count <= JournalRecord.maxItems else {
            throw GloveboxError("log.batch", "a batch has 1 to \(JournalRecord.maxItems) entries")
        }
        var drafts: [Draft] = []
        drafts.reserveCapacity(events.count)
        for at in events.indices { drafts.append(try core.draft(events[at])) }
        return Ticket(drafts)
    }

    /// Appends a report entry and the event that names it, as one journal record.
    ///
    /// - Parameters:
    ///   - hashedRekord: the body of ``HashedRekord``.
    ///   - issued: an `attestation.issued` with the field `reportId`; `reportLeaf` is filled in here.
    /// - Returns: the indexes of both, which follow each other.
    /// - Throws: as ``append(_:)``; `log.leaf-kind` when the body is no hashedrekord.
    package func appendReport(
        hashedRekord: [UInt8],
        issued: Event
    ) throws(GloveboxError) -> (reportIndex: UInt64, issuedIndex: UInt64) {
        guard issued.kind == .attestationIssued, issued.fields.contains(where: { $0.0 == "reportId" }) else {
            throw GloveboxError("log.unpaired-report", "a report goes with attestation.issued and its reportId")
        }
        guard case .report = try LeafKind(hashedRekord) else {
            throw GloveboxError("log.leaf-kind", "the entry is no report entry")
        }
        let indexes = try core.commit(Ticket([.report(hashedRekord), core.draft(issued)]))
        return (indexes[0], indexes[1])
    }

    /// An entry with the proof that the log, as last signed, holds it.
    ///
    /// - Throws: `log.index`, `log.unavailable`, `log.journal-corrupt`, `store.io`.
    package func proof(_ index: UInt64) throws(GloveboxError) -> (entry: [UInt8], proof: TlogProof) {
        try proof(index, under: checkpoint)
    }

    /// Reads an entry with its private body.
    ///
    /// - Throws: `log.index`, `log.entry-mismatch` when the journal's bytes have changed, `audit.body-mismatch`,
    ///   `store.io`.
    package func entry(_ index: UInt64) throws(GloveboxError) -> LoggedEntry { try core.entry(index) }

    /// Reads some entries, given in rising order, each compared with the tree.
    ///
    /// - Throws: as ``entry(_:)``, and what the closure throws.
    package func read(
        _ indexes: [UInt64],
        _ visit: (LoggedEntry) throws(GloveboxError) -> Void
    ) throws(GloveboxError) { try core.read(indexes, visit) }

    /// Reads all entries from an index on, up to the size at the time of the call.
    ///
    /// - Parameters:
    ///   - start: the first index.
    ///   - isWanted: asked of each event before its body is opened; one that is not wanted is compared with the tree and
    ///     passed over. Erased events and reports are always visited.
    ///   - visit: told of each entry, in order.
    /// - Throws: as ``entry(_:)``, and what the closure throws.
    package func replay(
        from start: UInt64 = 0,
        where isWanted: (LeafGlance) -> Bool = { _ in true },
        _ visit: (LoggedEntry) throws(GloveboxError) -> Void
    ) throws(GloveboxError) { try core.replay(from: start, where: isWanted, visit) }

    /// Changes what stands in later events, such as the digest of a reloaded configuration.
    ///
    /// - Throws: `log.origin` for another origin.
    package func update(context: EventContext) throws(GloveboxError) {
        try core.check(context)
        let held = HeldContext(context)
        core.context.withLock { $0 = held }
    }

    /// Writes the public files up to the present size, and returns when they are there.
    ///
    /// - Throws: `log.unavailable`.
    package func publish() throws(GloveboxError) {
        core.tend()
        try core.state.withLock { state throws(GloveboxError) in try state.check() }
    }

    /// Publishes what is left, ends the writer's threads and gives the locks back; appends fail afterwards.
    package func close() {
        publisher.stop()
        core.tend()
        core.stop(GloveboxError("log.closed", "the log was closed"))
        recorder.stop()
        core.release()
    }
}
