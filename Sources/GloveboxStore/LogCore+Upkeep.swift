internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// What the writer's thread remembers from one look to the next.
struct Upkeep: Sendable {
    /// Finished segments after which the replay mark moves on.
    static let segmentsPerMark = 8

    /// The size of the replay mark.
    var markedSize: UInt64
    /// A mark that waits until everything it knows of is signed.
    var pending: (mark: ReplayMark, size: UInt64)?
    /// Whether the log has said that it stopped.
    var hasAnnounced = false
}

/// What is done beside the appends: publishing, room for what comes, and the replay mark.
extension LogCore {
    /// Looks after everything once; a failure stops the writer, a full disk makes it wait.
    func tend() {
        upkeep.withLock { upkeep in
            attempt { () throws(GloveboxError) in
                if case .full = state.withLock({ $0.condition }) { try resume(&upkeep) } else { try publish() }
            }
            guard state.withLock({ $0.refusal == nil }) else { return }
            attempt { () throws(GloveboxError) in
                try journal.prepare()
                try moveMark(&upkeep)
            }
        }
    }

    private func publish() throws(GloveboxError) {
        try publishing.withLock { _ throws(GloveboxError) in
            let work: (UInt64, SignedSize, TileStack)? = state.withLock { state in
                if case .stopped = state.condition { return nil }
                guard state.published != state.signed.size else { return nil }
                return (state.published ?? 0, state.signed, state.stack)
            }
            guard let (old, signed, stack) = work else { return }
            try publisher.publish(from: old, to: signed, stack, journal)
            state.withLock { state in
                state.published = signed.size
                state.publishedAt = LogClock.system.now().monotonic
                state.stack.forget(upTo: signed.size)
            }
        }
    }

    private func attempt(_ work: () throws(GloveboxError) -> Void) {
        do { try work() } catch {
            guard error.code == "store.full" else {
                stop(error)
                return
            }
            state.withLock { if case .running = $0.condition { $0.condition = .full(error) } }
            bell.ring()
        }
    }

    /// Says once that the log has stopped, from the room kept for that; goes on when there is room again.
    private func resume(_ upkeep: inout Upkeep) throws(GloveboxError) {
        if !upkeep.hasAnnounced {
            upkeep.hasAnnounced = true
            try Ballast.drop(layout.journal)
            try announce(.logStopped, statusCode: "store.full")
            try publish()
        }
        try Ballast.make(layout.journal)
        try journal.prepare()
        try publish()
        state.withLock { if case .full = $0.condition { $0.condition = .running } }
        upkeep.hasAnnounced = false
        try announce(.logResumed, statusCode: "ok")
        try publish()
    }

    private func announce(_ kind: EventKind, statusCode: String) throws(GloveboxError) {
        let draft = try draft(Event(kind: kind, statusCode: statusCode, severity: .high))
        do { _ = try commit(Ticket([draft]), evenFull: true) } catch {
            // Without room even for that, the log is silent until there is some.
            guard error.code == "log.full" else { throw error }
        }
    }

    /// Moves the replay mark past segments that are finished, signed and published.
    private func moveMark(_ upkeep: inout Upkeep) throws(GloveboxError) {
        if upkeep.pending == nil { upkeep.pending = nextMark(after: upkeep.markedSize) }
        guard let (mark, size) = upkeep.pending, state.withLock({ $0.signed.size >= size }) else { return }
        try mark.write(layout.journal)
        upkeep.markedSize = mark.size
        upkeep.pending = nil
    }

    /// The next mark, when enough segments are finished, and the size of the log whose names it holds.
    private func nextMark(after marked: UInt64) -> (ReplayMark, UInt64)? {
        let segments = journal.segments
        return state.withLock { state in
            let published = state.published ?? 0
            // A segment is finished when the next one has begun.
            guard let next = segments.last(where: { $0.firstIndex <= published }) else { return nil }
            let finished = segments.filter { $0.firstIndex < next.firstIndex }
            guard finished.count(where: { $0.firstIndex >= marked }) >= Upkeep.segmentsPerMark else { return nil }
            let mark = ReplayMark(size: next.firstIndex, segments: finished, index: state.index)
            return (mark, state.stack.range.size)
        }
    }
}
