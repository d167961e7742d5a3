internal import GloveboxCore
internal import GloveboxIndex
internal import GloveboxJobs
internal import GloveboxStore
internal import GloveboxTransparency

/// Brings a site's state up: the events that the index points at, then what the journal has beyond them.
struct StateReplay {
    let log: LogWriter
    let index: IndexStore

    /// The state as the journal tells it; the index is written on the way, so that a long journal fills no memory.
    ///
    /// - Throws: `index.ahead`, `index.foreign`, `log.*`, `audit.body-missing`.
    func state() throws(GloveboxError) -> SiteState {
        let beginning = try index.beginning(at: Machine.now())
        try check(beginning.mark)
        let size = beginning.mark?.size ?? 0
        var state = SiteState()
        state.submitted = beginning.jobs
        state.numbers = beginning.open
        state.ended = beginning.ended
        state.charged = beginning.charged
        state.usage = beginning.usage
        state.backlog = IndexBacklog(size: size)
        state.queue = RunQueue(turns: Self.turns(beginning.latest))
        let latest = beginning.latest.filter { !$0.key.hasPrefix(IndexBacklog.turn) }.values
        var known: [SiteRecord] = []
        try log.read(Set(beginning.events).union(latest).sorted()) { (entry) throws(GloveboxError) in
            known.append(try SiteLog.record(entry))
        }
        var erasures = Erasures()
        for record in known { try erasures.note(record) }
        let isErasure = { (event: LeafGlance) in event.kind == .redactionPerformed }
        try log.replay(from: size, where: isErasure) { (entry) throws(GloveboxError) in
            if case .event = entry.kind { try erasures.note(SiteLog.record(entry)) }
        }
        for record in known { try state.apply(erasures.substitute(record), isIndexed: true) }
        try log.replay(from: size, where: SiteState.needs) { (entry) throws(GloveboxError) in
            guard case .event = entry.kind else { return }
            try state.apply(erasures.substitute(SiteLog.record(entry)))
            if state.backlog.isDue { try write(&state) }
        }
        state.numbers = [:]
        return state
    }

    private func write(_ state: inout SiteState) throws(GloveboxError) {
        let (batch, size) = state.takeBacklog()
        try index.write(batch, upTo: mark(at: size))
        state.forget(batch)
    }

    /// The mark of an index that knows so many entries, one at least.
    func mark(at size: UInt64) throws(GloveboxError) -> IndexMark {
        IndexMark(size: size, last: try log.leafHash(size - 1))
    }

    /// An index knows nothing that its journal does not have.
    private func check(_ mark: IndexMark?) throws(GloveboxError) {
        guard let mark, mark.size > 0 else { return }
        guard mark.size <= log.size else {
            throw GloveboxError(
                "index.ahead",
                "the index of jobs knows \(mark.size) entries and the journal has \(log.size): a disk or backup was restored",
                hint: "Restore the journal, or, if it is whole, start 'gloveboxd serve --rebuild-index'."
            )
        }
        guard try log.leafHash(mark.size - 1) == mark.last else {
            throw GloveboxError(
                "index.foreign",
                "the index of jobs is of another history than the journal",
                hint: "Find out which of the two was replaced; 'gloveboxd serve --rebuild-index' believes the journal."
            )
        }
    }

    private static func turns(_ latest: [String: UInt64]) -> [String: UInt64] {
        var turns: [String: UInt64] = [:]
        for (about, index) in latest where about.hasPrefix(IndexBacklog.turn) {
            turns[String(about.dropFirst(IndexBacklog.turn.count))] = index
        }
        return turns
    }
}
