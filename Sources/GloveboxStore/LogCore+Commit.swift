internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// How callers' batches become part of the log: two steps, each done by one caller at a time for all who wait.
///
/// Every caller is given its place as it comes, and fills in, seals and hashes in its own thread what depends on it.
/// While one caller signs, the next may already write its record. Whoever leads a gathering takes it through both steps,
/// so that nobody works for others twice; a caller who is alone never waits for anybody.
///
/// Source: transparency-log specification, section 10; decisions 13 and 14.
extension LogCore {
    /// Brings a caller's drafts into the log.
    ///
    /// - Parameters:
    ///   - ticket: the drafts.
    ///   - evenFull: whether the event tells that the log is full.
    /// - Returns: the indexes given, once their events are durable and signed.
    /// - Throws: `log.unavailable`, `log.full`.
    func commit(_ ticket: Ticket, evenFull: Bool = false) throws(GloveboxError) -> [UInt64] {
        var (gathering, leads, call) = try state.withLock { state throws(GloveboxError) in
            if case .full = state.condition, evenFull {} else { try state.check() }
            let (gathering, leads) = state.join(ticket)
            guard !state.isSequencing else { return (gathering, leads, Ticket.Call?.none) }
            state.isSequencing = true
            return (gathering, leads, .sequence)
        }
        do throws(GloveboxError) {
            try ticket.makePart(seal)
            gathering.ready()
        } catch { gathering.ready(error) }
        while true {
            switch call ?? gathering.wait(leads: leads) {
            case .sequence: call = sequence(gathering)
            case .sign: call = sign(gathering)
            case .done: return ticket.places.map(\.index)
            case .refuse(let error): throw error
            }
        }
    }

    /// Writes the next record, unless the journal rests.
    ///
    /// - Returns: what its caller does next; nil is to wait.
    private func sequence(_ own: Gathering) -> Ticket.Call? {
        let (call, next) = writing.withLock { _ in write(own) }
        // Not under a lock: who is woken runs at once, and would wait for it.
        next?.wakeLead(.sequence)
        if case .done = call { own.release(.done) }
        return call
    }

    /// Writes the next record.
    ///
    /// - Returns: what its caller does next, and who leads the record after it, to be woken.
    private func write(_ own: Gathering) -> (call: Ticket.Call?, next: Gathering?) {
        let taken: (batch: LogBatch, stack: TileStack, isFull: Bool)? = state.withLock { state in
            guard let batch = state.take(own) else { return nil }
            if case .full = state.condition { return (batch, state.stack, true) }
            return (batch, state.stack, false)
        }
        // The log stopped meanwhile, and all who waited were told.
        guard case (let batch, var stack, let isFull)? = taken else { return (nil, nil) }
        do throws(GloveboxError) {
            try own.waitForParts()
            guard batch.count > 0 else { return finish(batch, nil, own) }
            let bytes = batch.record(&stack)
            let (file, offset): (OwnedFile, Int)
            do {
                (file, offset) = try journal.makeRoom(bytes.count, firstIndex: batch.firstIndex, isLast: isFull)
            } catch {
                guard error.code == "store.full" else { throw error }
                return (refuse(own, full: error), nil)
            }
            try file.write(bytes, at: offset)
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
        } catch { return (stop(error, own), nil) }
    }

    /// Takes a durable record into memory, and says what its caller does next.
    private func finish(
        _ batch: LogBatch,
        _ written: (stack: TileStack, note: [UInt8])?,
        _ own: Gathering
    ) -> (call: Ticket.Call?, next: Gathering?) {
        let (call, next): (Ticket.Call?, Gathering?) = state.withLock { state in
            if case .stopped = state.condition, let refusal = state.refusal { return (.refuse(refusal), nil) }
            if let written { state.accept(written.stack, written.note) }
            let next = state.queue.first?.gathering
            if next == nil { state.isSequencing = false }
            if batch.end <= state.signed.size { return (.done, next) }
            state.awaiting.append((own, batch.end))
            guard !state.isSigning else { return (nil, next) }
            state.isSigning = true
            return (.sign, next)
        }
        if case .refuse(let refusal) = call { own.release(.refuse(refusal)) }
        return (call, next)
    }

    /// Puts the checkpoint over what the journal holds into the sign-lock, and lets everyone go whose events are in it.
    private func sign(_ own: Gathering) -> Ticket.Call {
        let (journaled, refusal) = state.withLock { state in
            if case .stopped = state.condition { return (state.journaled, state.refusal) }
            return (state.journaled, nil)
        }
        if let refusal { return .refuse(refusal) }
        do throws(GloveboxError) {
            try timed { () throws(GloveboxError) in try signLock.replace(with: journaled.note) }
        } catch { return stop(error) }
        let (done, next) = state.withLock { state in
            state.signed = journaled
            let done = state.awaiting.filter { $0.end <= journaled.size }
            state.awaiting.removeAll { $0.end <= journaled.size }
            if state.awaiting.isEmpty { state.isSigning = false }
            return (done, state.awaiting.first?.gathering)
        }
        next?.wakeLead(.sign)
        for (gathering, _) in done {
            gathering.release(.done)
            if gathering !== own { gathering.wakeLead(.done) }
        }
        bell.ring()
        return .done
    }

    /// Refuses for good: the kernel may have dropped what it could not write, so that a second try could succeed and lie.
    ///
    /// - Parameters:
    ///   - cause: what failed.
    ///   - taken: a gathering that stands in no list, as its own lead brings it.
    /// - Returns: what its lead does next.
    @discardableResult
    func stop(_ cause: GloveboxError, _ taken: Gathering? = nil) -> Ticket.Call {
        let (refusal, refused) = state.withLock { state in
            if case .stopped = state.condition {} else { state.condition = .stopped(cause) }
            let refused = state.refuseAll() + state.awaiting.map(\.gathering)
            state.awaiting = []
            return (state.refusal ?? cause, refused)
        }
        for gathering in refused {
            gathering.release(.refuse(refusal))
            gathering.wakeLead(.refuse(refusal))
        }
        taken?.release(.refuse(refusal))
        return .refuse(refusal)
    }

    /// Refuses until there is room; nothing of the batch was written.
    private func refuse(_ own: Gathering, full cause: GloveboxError) -> Ticket.Call {
        let (refusal, refused) = state.withLock { state in
            if case .running = state.condition { state.condition = .full(cause) }
            let refused = state.refuseAll()
            state.isSequencing = false
            return (state.refusal ?? cause, refused)
        }
        for gathering in refused {
            gathering.release(.refuse(refusal))
            gathering.wakeLead(.refuse(refusal))
        }
        own.release(.refuse(refusal))
        bell.ring()
        return .refuse(refusal)
    }
}
