internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxMeasure
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

/// Takes one job from the queue to its end.
struct JobRunner {
    let site: Site
    let job: String

    /// Runs an approved job: intent, keys, jail, outputs, decision, report.
    ///
    /// It stops when `cancel` becomes readable, which happens after the job's phase says so.
    func run(cancel: Descriptor) throws(GloveboxError) {
        let entry = try entry()
        if entry.needsApproval {
            guard case .approved = entry.tally.state(at: Machine.now()) else {
                try site.transition(job, .approvalLost(.approvalExpired))
                return
            }
        }
        guard try hasUsableKeys(entry) else {
            try site.transition(job, .approvalLost(.approvalRevoked))
            return
        }
        try site.transition(job, .dequeued(executor: "local", node: "localhost"))
        let core = entry.manifest.core
        let number = entry.job.runs.count + 1
        try site.transition(
            job,
            .starting(run: number, nonce: Digest(bytes: entry.reportNonce) ?? .zero),
            fields: [
                ("plan", .string(entry.job.planDigest.hex)), ("code", .string(core.code.nar.hex)),
                ("rootfs", .string(core.image.digest.hex)), ("jail", .string(core.profile.digest.hex)),
                ("run", .string(String(number))),
            ]
        )
        var facts = RunFacts(start: Machine.now(), end: Machine.now())
        do {
            try execute(entry, cancel, &facts)
        } catch {
            facts.end = Machine.now()
            try closeRun(error.code)
            if try !isCancelled() {
                try site.transition(job, .errored(component: "jail", code: error.code), explanation: error.message)
            }
            try ReportMaker(site: site).issue(for: job, facts: facts)
        }
    }

    /// Logs that the jail is gone, unless the log says so already.
    func closeRun(_ why: String) throws(GloveboxError) {
        guard try entry().isRunOpen else { return }
        let event = Event(kind: .jobKilled, job: job, project: try entry().manifest.project, statusCode: "job.killed")
        try site.record(event, ["code": .string(why)])
    }

    /// Whether no key that signed the plan or an approval was revoked since.
    private func hasUsableKeys(_ entry: JobEntry) throws(GloveboxError) -> Bool {
        var signers = [try Envelope(parsing: entry.envelope).keyID]
        signers += try entry.countedApprovals.map(\.envelope.keyID)
        let revoked = site.read { state in Set(state.revocations.map(\.key.hex)) }
        return revoked.isDisjoint(with: signers)
    }

    /// Ends a run that was cancelled, with its report; false for one that was not.
    func endIfCancelled(_ facts: RunFacts) throws(GloveboxError) -> Bool {
        guard try isCancelled() else { return false }
        try closeRun("job.cancelled")
        try ReportMaker(site: site).issue(for: job, facts: facts)
        return true
    }

    func isCancelled() throws(GloveboxError) -> Bool { try entry().job.phase == .cancelled }

    func entry() throws(GloveboxError) -> JobEntry {
        guard let entry = site.read({ state in state.jobs[job] }) else {
            throw GloveboxError("object.not-found", "there is no job \(job)")
        }
        return entry
    }

    private func execute(
        _ entry: JobEntry,
        _ cancel: Descriptor,
        _ facts: inout RunFacts
    ) throws(GloveboxError) {
        let policy = entry.rules.output
        try site.requireCurrent(entry.rules, for: entry.manifest)
        guard !entry.manifest.inputs.isEmpty else { return try executeTask(entry, policy, cancel, &facts) }
        let data = try site.data(of: entry)
        if policy.privacy.blocks != nil { return try executeBlocks(entry, policy, data, cancel, &facts) }
        let plan = try JobJail(site: site, entry: entry)
        facts.filter = Machine.sha256(try plan.specification.profile.compiled())
        facts.imageFormat = plan.imageFormat
        let door = KeyDoor(site: site, entry: entry, datasets: data.datasets, facts: facts)
        defer { facts.take(door) }
        try door.prepare()
        let staging = try Staging(
            site: site,
            entry: entry,
            data: data,
            door: door,
            shown: Staging.View(policy)
        )
        var hooks = JailRun.Hooks()
        let job = job
        let site = site
        hooks.stage = { (directories: [Descriptor], identity: FileIdentity) throws(GloveboxError) in
            let measured = try staging.fill(directories, identity)
            try site.transition(job, .staged(measured: measured))
        }
        hooks.start = { (_: JailReadback, _: JailProtections) throws(GloveboxError) in
            try site.transition(job, .started)
        }
        hooks.cancel = cancel
        let result = try JailRun(reserve: site.jails).run(plan.specification, hooks: hooks)
        facts.take(result)
        facts.usage = ExactUsage(result)
        facts.program = site.programs.remember(plan.programKey, result.readback.program)
        facts.take(door)
        facts.views = staging.views
        try recordDenials(result.denied)
        if try endIfCancelled(facts) { return }
        let exit = Self.exitClass(result)
        try site.transition(
            job,
            .ended(exit),
            details: [("refusedCalls", .integer(Int64(clamping: result.denied.reduce(0) { $0 + $1.count })))]
        )
        if case .limit(let limit) = exit {
            try site.record(Event(kind: .jobResourceLimit, job: job, body: [("limit", .string(limit.rawValue))]))
        }
        guard exit.isSuccess else {
            try site.transition(job, .failed)
            try ReportMaker(site: site).issue(for: job, facts: facts)
            return
        }
        guard let output = result.output, let rows = staging.rows, let lineageKey = staging.lineageKey else {
            throw GloveboxError("internal", "the run left no output directory or rows")
        }
        try site.decisions.withLock { _ throws(GloveboxError) in
            if try withholdAfterProject(entry, &facts) { return }
            // As the datasets are now: a lineage may have been split while the job ran.
            try decide(entry, policy, site.data(of: entry), output, rows, lineageKey, staging.holdout, &facts)
        }
    }

    /// Withholds what a run left, unchecked, when its project is over; false when it is not.
    func withholdAfterProject(_ entry: JobEntry, _ facts: inout RunFacts) throws(GloveboxError) -> Bool {
        guard
            let why = site.read({ state in state.projects[entry.manifest.project]?.project.over(at: Machine.now()) })
        else { return false }
        try site.transition(job, .collected(commitment: Machine.sha256([])))
        try site.transition(job, .checked(.withhold), fields: Self.verdict(.withhold))
        try site.transition(job, .withheld(reasons: [why.code]), explanation: why.message)
        try ReportMaker(site: site).issue(for: job, facts: facts)
        return true
    }

    /// Collects, checks and decides; then the report, then the release at its tick.
    private func decide(
        _ entry: JobEntry,
        _ policy: OutputPolicy,
        _ data: PlanData,
        _ directory: Descriptor,
        _ rows: any RowSource,
        _ lineageKey: [UInt8],
        _ holdout: Holdout?,
        _ facts: inout RunFacts
    ) throws(GloveboxError) {
        let outputs = try OutputCollector(policy: policy).collect(directory)
        let salt = Machine.random(32)
        let all = outputs.files.reduce(into: [UInt8]()) { $0 += $1.bytes }
        try site.transition(job, .collected(commitment: Commitment.salted(all, salt: salt).value))
        let outcome: OutputDecision.Outcome
        switch (policy.tier, holdout) {
        case (.computed, _) where policy.isOfRounds:
            let request = facts.keyRequest ?? .zero
            outcome = try RoundDecision(site: site, entry: entry, policy: policy, data: data, request: request)
                .decide(outputs)
        case (.computed, _):
            let request = facts.keyRequest ?? .zero
            outcome = try QueryDecision(site: site, entry: entry, policy: policy, data: data, request: request)
                .decide(rows: rows, lineageKey: lineageKey)
        case (.opaque, let holdout?):
            outcome = try OpaqueDecision(site: site, entry: entry, policy: policy, data: data)
                .decide(outputs, table: rows.table(), holdout: holdout)
        default:
            outcome = try OutputDecision(site: site, entry: entry, policy: policy, data: data)
                .decide(outputs, rows: rows, lineageKey: lineageKey)
        }
        facts.withheld = outputs.files.map {
            RunFacts.Withheld(bytes: $0.bytes, reason: outcome.released == nil ? outcome.reason : "output.replaced")
        }
        try settle(entry, policy, outcome, &facts)
    }

    /// One event a run, whatever was denied how often: what a program can count up to, it could speak through.
    func recordDenials(_ denied: [JailResult.Denied]) throws(GloveboxError) {
        guard !denied.isEmpty else { return }
        try site.record(
            Event(
                kind: .jobDeniedSyscall,
                job: job,
                body: [("counts", .array(denied.map { .string("\($0.rule) \($0.count)") }))]
            ),
            [
                "denied": .array(denied.map { .string($0.text) })
            ]
        )
        if denied.contains(where: { $0.rule == "no-network" }) {
            try site.record(Event(kind: .jobNetAttempt, job: job))
        }
    }

    static func exitClass(_ result: JailResult) -> ExitClass {
        switch result.end {
        case .exited(let status): .exit(UInt8(truncatingIfNeeded: status))
        case .signalled(let signal): .signal(UInt8(truncatingIfNeeded: signal))
        case .wallClock: .limit(.wall)
        case .memory: .limit(.memory)
        case .processorTime: .limit(.cpu)
        case .fileSize: .limit(.disk)
        case .cancelled: .cancelled
        case .notFound: .exit(127)
        case .notExecutable: .exit(126)
        }
    }
}
