internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxIndex
internal import GloveboxJobs
internal import GloveboxStore
internal import Synchronization

/// Jobs that have ended, and code trees: found through the index, told by the journal.
extension Site {
    /// A job, open or ended; nil when there is none.
    ///
    /// - Throws: `index.*`, `log.*`.
    func entry(_ id: String) throws(GloveboxError) -> JobEntry? {
        if let entry = read({ state in state.jobs[id] }) { return entry }
        if let entry = past.withLock({ $0[id] }) { return entry }
        guard let ended = try index.job(id) else { return nil }
        var records: [SiteRecord] = []
        try log.read(ended.events) { (entry) throws(GloveboxError) in records.append(try SiteLog.record(entry)) }
        let state = read { state in state }
        guard let entry = try state.retell(records, of: ended), entry.job.phase == ended.phase else {
            throw GloveboxError(
                "index.damaged",
                "the index of jobs points at other events than those of \(Display.escape(id))",
                hint: "Make it anew with 'gloveboxd serve --rebuild-index'."
            )
        }
        past.withLock { $0.keep(entry, for: id) }
        return entry
    }

    /// A registered code tree; nil when there is none.
    func code(_ nar: Digest) throws(GloveboxError) -> RegisteredCode? {
        if let code = read({ state in state.codes[nar] }) { return code }
        guard let place = try index.code(nar) else { return nil }
        return try RegisteredCode(json: SiteLog.record(log.entry(place)).json)
    }

    /// How many jobs of a project were submitted under an output policy after a moment.
    func runs(of project: String, under policy: String, after since: Instant) throws(GloveboxError) -> Int {
        try whileIndexRests { () throws(GloveboxError) in
            let here = read { state in
                state.jobs.values.count {
                    $0.manifest.project == project && $0.rules.base == policy && $0.job.created > since
                }
            }
            return try here + index.count(project: project, policy: policy, after: since)
        }
    }

    /// Goes through the jobs that may fit, from the newest before a number on, until told to stop.
    ///
    /// A job that ends meanwhile is in memory or in the index, and told once.
    func walk(
        _ filter: JobFilter,
        before number: UInt64 = .max,
        _ visit: (_ number: UInt64, _ id: String) throws(GloveboxError) -> Bool
    ) throws(GloveboxError) {
        var here = read { state in
            state.jobs.values.map { (number: $0.number, id: $0.job.id) }.filter { $0.number < number }
        }
        here.sort { $0.number < $1.number }
        var before = number
        while true {
            let ended = try index.jobs(filter, before: before, limit: Self.step)
            for job in ended {
                while let next = here.last, next.number >= job.number {
                    here.removeLast()
                    guard try visit(next.number, next.id) else { return }
                    before = next.number
                }
                guard job.number < before else { continue }
                guard try visit(job.number, job.id) else { return }
                before = job.number
            }
            guard ended.count == Self.step else { break }
        }
        for job in here.reversed() where try !visit(job.number, job.id) { return }
    }

    /// How many jobs are asked for at once.
    private static var step: Int { 64 }
}

extension SiteState {
    /// An ended job as its events tell it.
    func retell(_ records: [SiteRecord], of ended: EndedJob) throws(GloveboxError) -> JobEntry? {
        var then = self
        then.jobs = [:]
        then.numbers = [ended.id: ended.number]
        // A vote counted when it was given, whatever became of its key.
        for account in then.accounts.keys {
            for key in then.accounts[account]?.keys.indices ?? 0..<0 {
                then.accounts[account]?.keys[key].isRevoked = false
            }
        }
        for record in records { try then.apply(record, isIndexed: true) }
        return then.jobs[ended.id]
    }
}
