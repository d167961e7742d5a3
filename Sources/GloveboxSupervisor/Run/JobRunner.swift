internal import GloveboxAttestation
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
        try site.transition(job, .dequeued(executor: "local", node: "localhost"))
        let core = entry.manifest.core
        try site.transition(
            job,
            .starting(run: 1, nonce: Digest(bytes: entry.reportNonce) ?? .zero),
            fields: [
                ("plan", .string(entry.job.planDigest.hex)), ("code", .string(core.code.nar.hex)),
                ("rootfs", .string(core.image.digest.hex)), ("jail", .string(core.profile.digest.hex)), ("run", "1"),
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

    func isCancelled() throws(GloveboxError) -> Bool { try entry().job.phase == .cancelled }

    private func entry() throws(GloveboxError) -> JobEntry {
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
        guard let policy = site.outputPolicy(of: entry) else {
            throw GloveboxError("policy.unknown", "the plan names a policy that this site does not have")
        }
        guard let input = entry.manifest.inputs.first else { return try executeTask(entry, policy, cancel, &facts) }
        let dataset = try site.dataset(named: input.name)
        guard dataset.input.commit == input.commit else {
            throw GloveboxError("dataset.changed", "the dataset is not the version the plan was approved for")
        }
        let plan = try JobJail(site: site, entry: entry)
        facts.filter = Machine.sha256(try plan.specification.profile.compiled())
        facts.imageFormat = plan.imageFormat
        let start = try ReportMaker(site: site).start(for: job, facts: facts)
        facts.startStatement = start
        let staging = try Staging(
            site: site,
            entry: entry,
            dataset: dataset,
            start: start.digest,
            showsRows: policy.tier != .computed
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
        facts.end = Machine.now()
        facts.readback = result.readback
        facts.protections = result.protections
        facts.deterministic = result.deterministic
        facts.keyRelease = staging.keyRelease
        try recordDenials(result.denied)
        if try isCancelled() {
            try closeRun("job.cancelled")
            try ReportMaker(site: site).issue(for: job, facts: facts)
            return
        }
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
        guard let output = result.output, let table = staging.table, let lineageKey = staging.lineageKey else {
            throw GloveboxError("internal", "the run left no output directory or table")
        }
        try decide(entry, policy, dataset, output, table, lineageKey, &facts)
    }

    /// Collects, checks and decides; then the report, then the release at its tick.
    private func decide(
        _ entry: JobEntry,
        _ policy: OutputPolicy,
        _ dataset: RegisteredDataset,
        _ directory: Descriptor,
        _ table: DatasetTable,
        _ lineageKey: [UInt8],
        _ facts: inout RunFacts
    ) throws(GloveboxError) {
        let outputs = try OutputCollector(policy: policy).collect(directory)
        let salt = Machine.random(32)
        let all = outputs.files.reduce(into: [UInt8]()) { $0 += $1.bytes }
        try site.transition(job, .collected(commitment: Commitment.salted(all, salt: salt).value))
        let outcome =
            policy.tier == .computed
            ? try QueryDecision(site: site, entry: entry, policy: policy, dataset: dataset)
                .decide(table: table, lineageKey: lineageKey)
            : try OutputDecision(site: site, entry: entry, policy: policy, dataset: dataset)
                .decide(outputs, table: table, lineageKey: lineageKey)
        facts.decision = outcome.decision
        facts.disclosure = outcome.disclosure
        facts.withheld = outputs.files.map {
            RunFacts.Withheld(bytes: $0.bytes, reason: outcome.released == nil ? outcome.reason : "output.replaced")
        }
        guard let released = outcome.released else {
            try site.transition(job, .checked(.withhold), fields: Self.verdict(.withhold))
            try site.transition(job, .withheld(reasons: [outcome.reason]), explanation: outcome.explanation)
            try ReportMaker(site: site).issue(for: job, facts: facts)
            return
        }
        try site.transition(job, .checked(.release), fields: Self.verdict(.release))
        try approve(entry, policy, outcome)
        // Before the intent: what is compared and never released does no harm, the other way round does.
        try outcome.remember()
        try site.transition(
            job,
            .releaseIntent(bundle: Machine.sha256(released)),
            details: [("bytes", .integer(Int64(released.count)))]
        )
        try ReportMaker(site: site).issue(for: job, facts: facts)
    }

    /// Logs that the policy itself approved the output, and what of the project's capacity that costs.
    private func approve(
        _ entry: JobEntry,
        _ policy: OutputPolicy,
        _ outcome: OutputDecision.Outcome
    ) throws(GloveboxError) {
        var event = Event(
            kind: .outputApproved,
            job: job,
            project: entry.manifest.project,
            output: Site.output(of: job)
        )
        event.actor = policy.document.digest.named
        try site.record(event, outcome.approval)
        event = Event(kind: .budgetSpent, job: job, project: entry.manifest.project, output: Site.output(of: job))
        event.fields = [("budget", "capacity")]
        try site.record(event, ["millibits": .integer(outcome.decision?.millibits ?? 0)])
    }

    private static func verdict(_ verdict: CheckVerdict) -> [(String, JSONValue)] {
        [("verdict", .string(verdict.rawValue))]
    }

    /// Lets a decided release go; its time has come.
    func publish() throws(GloveboxError) {
        guard let report = try entry().reportIndex else {
            try site.transition(job, .errored(component: "supervisor", code: "job.interrupted"))
            return
        }
        let (leaf, _) = try site.log.proof(report)
        try site.transition(job, .released(report: Machine.sha256(leaf)), fields: site.witnessing())
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
