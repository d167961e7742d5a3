internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// How callers' batches become part of the log: two steps, each done by one at a time for all who wait.
///
/// Every caller is given its place as it comes, and fills in, seals and hashes in its own thread what depends on it. A caller
/// who finds nobody at work and blocks takes its record through both steps itself, so that it waits for no other thread. As
/// soon as others wait, two threads of the log take over: while one signs, the other already writes the next record, and
/// neither has to stand in line with the callers who are woken.
///
/// Source: transparency-log specification, section 10; decisions 13 and 14.
extension LogCore {
    /// What is left to do after a record.
    private struct Rest {
        /// Whether others wait for the next record, which is then this caller's to see to.
        var hasNext = false
        /// Whether what is in the journal waits for a signature, which is then this caller's to see to.
        var isUnsigned = false
    }

    /// Brings a caller's drafts into the log.
    ///
    /// - Parameters:
    ///   - ticket: the drafts.
    ///   - evenFull: whether the event tells that the log is full.
    /// - Returns: the indexes given, once their events are durable and signed.
    /// - Throws: `log.unavailable`, `log.full`.
    func commit(_ ticket: Ticket, evenFull: Bool = false) throws(GloveboxError) -> [UInt64] {
        let (gathering, leads) = try join(ticket, evenFull: evenFull)
        if leads {
            let rest = writeRecord()
            if rest.hasNext { recording.ring() }
            if rest.isUnsigned, sign() { signing.ring() }
        }
        try gathering.wait()
        return ticket.places.map(\.index)
    }

    /// As ``commit(_:evenFull:)``, without a thread that waits.
    func commitLater(_ ticket: Ticket) async throws(GloveboxError) -> [UInt64] {
        let (gathering, leads) = try join(ticket, evenFull: false)
        if leads { recording.ring() }
        try await gathering.outcome()
        return ticket.places.map(\.index)
    }

    /// Writes records as long as anybody waits for one: the work of the thread that ``recording`` wakes.
    func writeRecords() {
        var rest: Rest
        repeat {
            rest = writeRecord()
            if rest.isUnsigned { signing.ring() }
        } while rest.hasNext
    }

    /// Signs as long as anybody waits for it: the work of the thread that ``signing`` wakes.
    func signRecords() { while sign() {} }

    /// Gives a caller its places, and makes its part ready.
    ///
    /// - Returns: with whom it waits, and whether the next record is this caller's to see to.
    private func join(_ ticket: Ticket, evenFull: Bool) throws(GloveboxError) -> (gathering: Gathering, leads: Bool) {
        let joined = try state.withLock { state throws(GloveboxError) in
            if case .full = state.condition, evenFull {} else { try state.check() }
            let gathering = state.join(ticket)
            defer { state.isSequencing = true }
            return (gathering, !state.isSequencing)
        }
        do throws(GloveboxError) {
            try ticket.makePart(seal)
            joined.0.ready()
        } catch { joined.0.ready(error) }
        return joined
    }

    /// Writes the next record, unless the journal rests.
    private func writeRecord() -> Rest { writing.withLock { _ in write() } }

    /// Writes the next record.
    private func write() -> Rest {
        let taken: (own: Gathering, batch: LogBatch, stack: TileStack, isFull: Bool)? = state.withLock { state in
            guard let (own, batch) = state.take() else { return nil }
            if case .full = state.condition { return (own, batch, state.stack, true) }
            return (own, batch, state.stack, false)
        }
        // The log stopped meanwhile, and all who waited were told.
        guard case (let own, let batch, var stack, let isFull)? = taken else { return Rest() }
        do throws(GloveboxError) {
            try own.waitForParts()
            guard batch.count > 0 else { return finish(batch, nil, own) }
            let bytes = batch.record(&stack)
            let (file, offset): (OwnedFile, Int)
            do {
                (file, offset) = try journal.makeRoom(bytes.count, firstIndex: batch.firstIndex, isLast: isFull)
            } catch {
                guard error.code == "store.full" else { throw error }
                refuse(own, full: error)
                return Rest()
            }
            try journal.write(bytes, to: file, at: offset)
            let range = stack.range
            let checkpoint = Checkpoint(origin: signer.key.name, size: range.size, root: range.root)
            var note: [UInt8] = []
            try timed { () throws(GloveboxError) in
                // The disk writes while the checkpoint is signed; nobody sees it before the record is durable.
                try file.startSync(at: offset, count: bytes.count)
                note = try checkpoint.signed(by: signer)
                try file.syncData()
            }
            journal.note(recordAt: offset, count: bytes.count, firstIndex: batch.firstIndex)
            return finish(batch, (stack, note), own)
        } catch {
            stop(error, own)
            return Rest()
        }
    }

    /// Takes a durable record into memory.
    private func finish(
        _ batch: LogBatch,
        _ written: (stack: TileStack, note: [UInt8])?,
        _ own: Gathering
    ) -> Rest {
        let (rest, outcome): (Rest, Gathering.Outcome?) = state.withLock { state in
            if case .stopped = state.condition, let refusal = state.refusal { return (Rest(), .refused(refusal)) }
            if let written { state.accept(written.stack, written.note) }
            var rest = Rest(hasNext: !state.queue.isEmpty)
            state.isSequencing = rest.hasNext
            if batch.end <= state.signed.size { return (rest, .done) }
            state.awaiting.append((own, batch.end))
            rest.isUnsigned = !state.isSigning
            state.isSigning = true
            return (rest, nil)
        }
        if let outcome { own.release(outcome) }
        return rest
    }

    /// Puts the checkpoint over what the journal holds into the sign-lock, and lets everyone go whose events are in it.
    ///
    /// - Returns: whether others wait for the next signature, which is then this caller's to see to.
    private func sign() -> Bool {
        let journaled: SignedSize? = state.withLock { state in
            // When the log stopped, all who waited were told.
            if case .stopped = state.condition { return nil }
            return state.awaiting.isEmpty ? nil : state.journaled
        }
        guard let journaled else { return false }
        do {
            try timed { () throws(GloveboxError) in try signLock.replace(with: journaled.note) }
        } catch {
            stop(error)
            return false
        }
        let (done, hasNext) = state.withLock { state in
            state.signed = journaled
            let done = state.awaiting.filter { $0.end <= journaled.size }
            state.awaiting.removeAll { $0.end <= journaled.size }
            state.isSigning = !state.awaiting.isEmpty
            return (done, state.isSigning)
        }
        for (gathering, _) in done { gathering.release(.done) }
        bell.ring()
        return hasNext
    }

    /// Refuses for good: the kernel may have dropped what it could not write, so that a second try could succeed and lie.
    ///
    /// - Parameters:
    ///   - cause: what failed.
    ///   - taken: a gathering that stands in no list, as its record is being written.
    func stop(_ cause: GloveboxError, _ taken: Gathering? = nil) {
        let (refusal, refused) = state.withLock { state in
            if case .stopped = state.condition {} else { state.condition = .stopped(cause) }
            let refused = state.refuseAll() + state.awaiting.map(\.gathering)
            state.awaiting = []
            return (state.refusal ?? cause, refused)
        }
        for gathering in refused { gathering.release(.refused(refusal)) }
        taken?.release(.refused(refusal))
    }

    /// Refuses until there is room; nothing of the batch was written.
    private func refuse(_ own: Gathering, full cause: GloveboxError) {
        let (refusal, refused) = state.withLock { state in
            if case .running = state.condition { state.condition = .full(cause) }
            let refused = state.refuseAll()
            state.isSequencing = false
            return (state.refusal ?? cause, refused)
        }
        for gathering in refused { gathering.release(.refused(refusal)) }
        own.release(.refused(refusal))
        bell.ring()
    }
}
