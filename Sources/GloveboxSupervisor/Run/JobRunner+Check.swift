internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxTransparency
internal import Synchronization

/// From the end of a run to the decision on what it left. That is on disk, encrypted, before the log says that it is
/// collected, so that a supervisor that dies over the checks leaves the same bytes to the next.
extension JobRunner {
    /// Keeps what a run left, and logs a commitment to it.
    func freeze(_ frozen: FrozenRun) throws(GloveboxError) {
        let name = try site.frozen.keep(frozen, for: job)
        try collected(frozen.bytes, details: [("frozen", name.json)])
    }

    /// Decides on what a run left, destroys it, and carries the decision out; `rows` are asked for when they are needed.
    func check(_ frozen: FrozenRun, _ rows: () throws(GloveboxError) -> PlanRows) throws(GloveboxError) {
        try site.decisions.withLock { _ throws(GloveboxError) in
            let entry = try entry()
            if let why = over(entry) {
                return try report(frozen.draft) { () throws(GloveboxError) in try withhold(why) }
            }
            try settle(entry, entry.rules.output, decide(entry, frozen, rows), frozen)
        }
        try site.frozen.destroy(job)
    }

    /// Goes on with the checks that an earlier supervisor died over: on the same bytes, and nothing of the job runs again.
    ///
    /// - Throws: `output.lost` when what was kept is gone or was changed.
    func resumeCheck() throws(GloveboxError) {
        guard let frozen = try site.frozen.find(entry()) else {
            throw GloveboxError("output.lost", "what the run left is gone or was changed, so nothing of it is decided")
        }
        do throws(GloveboxError) {
            if try entry().job.verdict == .withhold { return try close(frozen) }
            try site.transition(job, .checkResumed)
            try check(frozen) { () throws(GloveboxError) in try reopened(frozen) }
        } catch {
            let (code, why) = (error.code, error.message)
            try report(frozen.draft) { () throws(GloveboxError) in
                if try isCancelled() { return }
                try site.transition(job, .errored(component: "supervisor", code: code), explanation: why)
            }
        }
    }

    /// Carries out the refusal of a supervisor that died before it said so.
    private func close(_ frozen: FrozenRun) throws(GloveboxError) {
        let why = "the checks refused it; the record beside their verdict has the reasons"
        // A draft that was kept with the decision tells more than the run's own.
        let draft = try site.drafts.find(entry()) ?? frozen.draft
        try report(draft) { () throws(GloveboxError) in
            try site.transition(job, .withheld(reasons: ["output.not-released"]), explanation: why)
        }
    }

    /// The run's data, opened once more under the same grant.
    func reopened(_ frozen: FrozenRun) throws(GloveboxError) -> PlanRows {
        let entry = try entry()
        let data = try site.data(of: entry)
        let keys = try frozen.access.keys(of: data.datasets, at: site)
        return try PlanRows(data, keys: keys, under: entry.rules.output, at: site)
    }

    private func decide(
        _ entry: JobEntry,
        _ frozen: FrozenRun,
        _ rows: () throws(GloveboxError) -> PlanRows
    ) throws(GloveboxError) -> OutputDecision.Outcome {
        let policy = entry.rules.output
        // As the datasets are now: a lineage may have been split while the job ran.
        let data = try site.data(of: entry)
        let request = frozen.access.grant.request
        switch frozen.left {
        case .blocks(let blocks): return try decide(blocks, entry, data)
        case .files(let outputs) where policy.isOfRounds:
            return try RoundDecision(site: site, entry: entry, policy: policy, data: data, request: request)
                .decide(outputs)
        case .files(let outputs):
            let rows = try rows()
            if policy.tier == .computed {
                return try QueryDecision(site: site, entry: entry, policy: policy, data: data, request: request)
                    .decide(rows: rows.joined, lineageKey: rows.lineageKey)
            }
            guard policy.tier == .opaque, let check = policy.checks.holdout, let seed = frozen.holdoutSeed else {
                return try OutputDecision(site: site, entry: entry, policy: policy, data: data)
                    .decide(outputs, rows: rows.joined, lineageKey: rows.lineageKey)
            }
            let table = try rows.joined.table()
            let holdout = try Holdout(check, of: table, inputPolicy: data.inputPolicy, seed: seed)
            return try OpaqueDecision(site: site, entry: entry, policy: policy, data: data)
                .decide(outputs, table: table, holdout: holdout)
        }
    }

    /// Why nothing of a job is looked at any more, its project being over; nil when it is not.
    func over(_ entry: JobEntry) -> GloveboxError? {
        site.read { state in state.projects[entry.manifest.project]?.project.over(at: Machine.now()) }
    }

    /// Withholds what was collected, unchecked.
    func withhold(_ why: GloveboxError) throws(GloveboxError) {
        try site.transition(job, .checked(.withhold), fields: Self.verdict(.withhold, entry()))
        try site.transition(job, .withheld(reasons: [why.code]), explanation: why.message)
    }
}
