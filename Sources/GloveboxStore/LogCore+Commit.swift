internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// How callers' batches become part of the log: two steps, each done by one caller at a time for all who wait.
///
/// While one caller signs, the next may already write its record. Whoever finishes a step hands it on, so that nobody
/// works for others twice; a caller who is alone never waits for anybody.
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
        var call: Ticket.Call? = try state.withLock { state throws(GloveboxError) in
            if case .full = state.condition, evenFull {} else { try state.check() }
            state.queue.append(ticket)
            guard !state.isSequencing else { return nil }
            state.isSequencing = true
            return .sequence
        }
        while true {
            switch call ?? ticket.wait() {
            case .sequence: call = sequence(ticket)
            case .sign: call = sign(ticket)
            case .done: return ticket.indexes
            case .refuse(let error): throw error
            }
        }
    }

    /// Writes the next record, unless the journal rests.
    ///
    /// - Returns: what its caller does next; nil is to wait.
    private func sequence(_ own: Ticket) -> Ticket.Call? { writing.withLock { _ in write(own) } }

    private func write(_ own: Ticket) -> Ticket.Call? {
        let (batch, isFull) = state.withLock { state in
            if case .full = state.condition { return (state.takeBatch(), true) }
            return (state.takeBatch(), false)
        }
        do throws(GloveboxError) {
            guard batch.count > 0 else { return finish(batch, nil, own) }
            let (record, stack) = try batch.record(seal)
            let bytes = record.encode()
            let (file, offset): (OwnedFile, Int)
            do {
                (file, offset) = try journal.makeRoom(bytes.count, firstIndex: record.firstIndex, isLast: isFull)
            } catch {
                guard error.code == "store.full" else { throw error }
                return refuse(batch, full: error)
            }
            try file.write(bytes, at: offset)
            // The disk writes while the checkpoint is signed; nobody sees it before the record is durable.
            try file.startSync(at: offset, count: bytes.count)
            let range = stack.range
            let checkpoint = Checkpoint(origin: signer.key.name, size: range.size, root: range.root)
            let note = try checkpoint.signed(by: signer)
            try file.syncData()
            journal.note(recordAt: offset, count: bytes.count, firstIndex: record.firstIndex)
            return finish(batch, (stack, note), own)
        } catch { return stop(error, batch.tickets, own) }
    }

    /// Takes a durable record into memory, and says what its caller does next.
    private func finish(
        _ batch: LogBatch,
        _ written: (stack: TileStack, note: [UInt8])?,
        _ own: Ticket
    ) -> Ticket.Call? {
        let (call, done): (Ticket.Call?, [Ticket]) = state.withLock { state in
            if case .stopped = state.condition, let refusal = state.refusal {
                for ticket in batch.tickets where ticket !== own { ticket.wake(.refuse(refusal)) }
                return (.refuse(refusal), [])
            }
            if let written { state.accept(batch, written.stack, written.note) }
            let done = batch.tickets.filter { $0.end <= state.signed.size }
            state.awaiting += batch.tickets.filter { $0.end > state.signed.size }
            if let next = state.queue.first { next.wake(.sequence) } else { state.isSequencing = false }
            if done.contains(where: { $0 === own }) {
                // Another caller of the batch may still need a signature.
                if !state.isSigning, let next = state.awaiting.first {
                    state.isSigning = true
                    next.wake(.sign)
                }
                return (.done, done)
            }
            guard !state.isSigning else { return (nil, done) }
            state.isSigning = true
            return (.sign, done)
        }
        for ticket in done where ticket !== own { ticket.wake(.done) }
        return call
    }

    /// Puts the checkpoint over what the journal holds into the sign-lock, and lets everyone go whose events are in it.
    private func sign(_ own: Ticket) -> Ticket.Call {
        let journaled = state.withLock { $0.journaled }
        do throws(GloveboxError) { try signLock.replace(with: journaled.note) } catch { return stop(error, [], own) }
        let done = state.withLock { state in
            state.signed = journaled
            let done = state.awaiting.filter { $0.end <= journaled.size }
            state.awaiting.removeAll { $0.end <= journaled.size }
            if let next = state.awaiting.first { next.wake(.sign) } else { state.isSigning = false }
            return done
        }
        for ticket in done where ticket !== own { ticket.wake(.done) }
        bell.ring()
        return .done
    }

    /// Refuses for good: the kernel may have dropped what it could not write, so that a second try could succeed and lie.
    @discardableResult
    func stop(_ cause: GloveboxError, _ tickets: [Ticket] = [], _ own: Ticket? = nil) -> Ticket.Call {
        let (refusal, refused) = state.withLock { state in
            if case .stopped = state.condition {} else { state.condition = .stopped(cause) }
            let refused = tickets + state.queue + state.awaiting
            state.queue = []
            state.awaiting = []
            return (state.refusal ?? cause, refused)
        }
        for ticket in refused where ticket !== own { ticket.wake(.refuse(refusal)) }
        return .refuse(refusal)
    }

    /// Refuses until there is room; nothing of the batch was written.
    private func refuse(_ batch: LogBatch, full cause: GloveboxError) -> Ticket.Call? {
        let (refusal, refused) = state.withLock { state in
            if case .running = state.condition { state.condition = .full(cause) }
            let refused = batch.tickets + state.queue
            state.queue = []
            state.isSequencing = false
            return (state.refusal ?? cause, refused)
        }
        for ticket in refused { ticket.wake(.refuse(refusal)) }
        bell.ring()
        return nil
    }
}
