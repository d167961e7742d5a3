internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// How callers' batches become part of the log: the record, then the signature over it, by one at a time for all who wait.
///
/// Every caller is given its place as it comes, and fills in, seals and hashes in its own thread what depends on it. A caller
/// who finds nobody at work and blocks takes its record through itself, so that it waits for no other thread. As soon as
/// others wait, a thread of the log takes over, which has not to stand in line with the callers who are woken: while it waits
/// for the disk, the next callers make their parts.
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
        let (gathering, leads) = try join(ticket, evenFull: evenFull)
        if leads, writeRecord() { recording.ring() }
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
    func writeRecords() { while writeRecord() {} }

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

    /// Writes the next record, unless the journal rests, signs it and lets everyone go whose events are in it.
    ///
    /// - Returns: whether others wait for the record after it, which is then this caller's to see to.
    private func writeRecord() -> Bool {
        writing.withLock { _ in
            let taken: (own: Gathering, batch: LogBatch, stack: TileStack, isFull: Bool)? = state.withLock { state in
                guard let (own, batch) = state.take() else { return nil }
                if case .full = state.condition { return (own, batch, state.stack, true) }
                return (own, batch, state.stack, false)
            }
            // The log stopped meanwhile, and all who waited were told.
            guard case (let own, let batch, var stack, let isFull)? = taken else { return false }
            do throws(GloveboxError) {
                try own.waitForParts()
                guard batch.count > 0 else { return finish(own, nil) }
                let note: [UInt8]
                do throws(GloveboxError) { note = try write(batch, &stack, isLast: isFull) } catch {
                    guard error.code == "store.full" else { throw error }
                    refuse(own, full: error)
                    return false
                }
                try timed { () throws(GloveboxError) in try signLock.replace(with: note) }
                defer { bell.ring() }
                return finish(own, (stack, note))
            } catch {
                stop(error, own)
                return false
            }
        }
    }

    /// Makes a record durable.
    ///
    /// - Parameters:
    ///   - batch: what stands in it.
    ///   - stack: the tree before it; after it when this returns.
    ///   - isLast: whether it may take what the segment keeps back.
    /// - Returns: the checkpoint over it, which may not leave the process before it is in the sign-lock.
    /// - Throws: `store.full` when there is no room, and nothing was written; `store.io`.
    private func write(
        _ batch: LogBatch,
        _ stack: inout TileStack,
        isLast: Bool
    ) throws(GloveboxError) -> [UInt8] {
        let bytes = batch.record(&stack)
        let (file, offset) = try journal.makeRoom(bytes.count, firstIndex: batch.firstIndex, isLast: isLast)
        // Once there is room, a full disk is an error like any other.
        do throws(GloveboxError) {
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
            return note
        } catch { throw error.code == "store.full" ? GloveboxError("store.io", error.message) : error }
    }

    /// Takes a record that is durable and signed into memory, and lets its callers go.
    ///
    /// - Returns: whether others wait for the record after it.
    private func finish(_ own: Gathering, _ written: (stack: TileStack, note: [UInt8])?) -> Bool {
        let (outcome, hasNext): (Gathering.Outcome, Bool) = state.withLock { state in
            if case .stopped = state.condition, let refusal = state.refusal { return (.refused(refusal), false) }
            if let written { state.accept(written.stack, written.note) }
            state.isSequencing = !state.queue.isEmpty
            return (.done, state.isSequencing)
        }
        own.release(outcome)
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
            let refused = state.refuseAll()
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
