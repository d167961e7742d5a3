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
        guard let output = result.output, let table = staging.table, let lineageKey = staging.lineageKey else {
            throw GloveboxError("internal", "the run left no output directory or table")
        }
        try site.decisions.withLock { _ throws(GloveboxError) in
            if try withholdAfterProject(entry, &facts) { return }
            // As the datasets are now: a lineage may have been split while the job ran.
            try decide(entry, policy, site.data(of: entry), output, table, lineageKey, staging.holdout, &facts)
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
        _ table: DatasetTable,
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
                .decide(table: table, lineageKey: lineageKey)
        case (.opaque, let holdout?):
            outcome = try OpaqueDecision(site: site, entry: entry, policy: policy, data: data)
                .decide(outputs, table: table, holdout: holdout)
        default:
            outcome = try OutputDecision(site: site, entry: entry, policy: policy, data: data)
                .decide(outputs, table: table, lineageKey: lineageKey)
        }
        facts.withheld = outputs.files.map {
            RunFacts.Withheld(bytes: $0.bytes, reason: outcome.released == nil ? outcome.reason : "output.replaced")
        }
        try settle(entry, policy, outcome, &facts)
    }

    /// Writes down what was decided: a refusal, a release that people look at, or one that leaves at its tick.
    func settle(
        _ entry: JobEntry,
        _ policy: OutputPolicy,
        _ outcome: OutputDecision.Outcome,
        _ facts: inout RunFacts
    ) throws(GloveboxError) {
        facts.decision = outcome.decision
        facts.disclosure = outcome.disclosure
        facts.privacy = outcome.privacy
        guard let released = outcome.released else {
            try site.transition(
                job,
                .checked(.withhold),
                fields: Self.verdict(.withhold),
                details: [try signed(outcome)]
            )
            try site.transition(job, .withheld(reasons: [outcome.reason]), explanation: outcome.explanation)
            try ReportMaker(site: site).issue(for: job, facts: facts)
            return
        }
        if outcome.decision?.outcome == .review {
            return try seal(outcome, released, facts)
        }
        try site.transition(
            job,
            .checked(.release),
            fields: Self.verdict(.release),
            details: [try signed(outcome)]
        )
        try approve(entry, policy.document.digest.named, outcome.approval, outcome.decision?.millibits ?? 0)
        // Before the intent: what is compared and never released does no harm, the other way round does.
        try outcome.remember()
        try site.transition(
            job,
            .releaseIntent(bundle: Machine.sha256(released)),
            details: [("bytes", .integer(Int64(released.count)))]
        )
        try ReportMaker(site: site).issue(for: job, facts: facts)
    }

    /// The record in full, signed, for the private body that auditors read.
    private func signed(_ outcome: OutputDecision.Outcome) throws(GloveboxError) -> (String, JSONValue) {
        let envelope = try ReportMaker(site: site).sign(record: outcome.evidence, of: entry()).envelope
        return ("record", .string(Base64.encode(envelope.bytes)))
    }

    /// Fixes the bytes of a release that people decide on: they are on disk before the log names them.
    private func seal(
        _ outcome: OutputDecision.Outcome,
        _ released: [UInt8],
        _ facts: RunFacts
    ) throws(GloveboxError) {
        let entry = try entry()
        let evidence = outcome.evidence
        let draft = try ReportMaker(site: site).draft(of: job, facts: facts)
        let contents = try site.pending.keep(PendingRelease(draft: draft, evidence: evidence), for: job)
        let sealed = SealedRelease(
            bundle: Machine.sha256(released),
            evidence: Machine.sha256(evidence),
            contents: contents,
            millibits: draft.millibits,
            tally: ReviewTally(
                need: Int(clamping: Self.reviewers(entry.rules.output, outcome.decision)),
                requester: entry.job.submitter
            )
        )
        // Later releases are compared with it from now on, and it waits with what it was compared with itself.
        try outcome.remember()
        try site.transition(
            job,
            .checked(.review),
            fields: Self.verdict(.review),
            details: [try signed(outcome), ("sealed", sealed.json)]
        )
    }

    /// How many people decide: with a picture of the job's own, as many as that takes, too.
    private static func reviewers(_ rules: OutputPolicy, _ decision: Decision?) -> Int64 {
        let figure = rules.opaque.fallback.flatMap { figure in
            decision?.files.contains { $0.name == figure.name } == true ? figure.reviewers : nil
        }
        return max(rules.decision.reviewers, rules.tier == .opaque ? 2 : 1, figure ?? 1)
    }

    /// Ends a review: in which everyone has spoken, that was cut off, or whose sealed bytes are lost.
    ///
    /// Each step stands in the log before the next, so that a supervisor that dies on the way goes on where it was. What
    /// cannot be read back as it was sealed does not leave.
    func conclude() throws(GloveboxError) {
        let entry = try entry()
        guard let sealed = entry.sealed else { throw GloveboxError("internal", "job \(job) has no sealed release") }
        let pending = try site.pending.find(entry)
        if entry.job.phase == .awaitingReview, entry.job.review == nil {
            try site.transition(job, .reviewClosed(release: sealed.tally.releases == true && pending != nil))
        }
        switch (entry.job.phase, pending) {
        case (.awaitingReview, let pending?) where try self.entry().job.review == true:
            try approve(entry, sealed.evidence.named, .null, sealed.millibits)
            let bytes = try pending.bundle(entry.rules.output).count
            try site.transition(
                job,
                .releaseIntent(bundle: sealed.bundle),
                details: [("bytes", .integer(Int64(bytes)))]
            )
        case (.awaitingReview, _), (.releasing, nil):
            let why = pending == nil ? "review.interrupted" : "review.refused"
            try site.transition(job, .withheld(reasons: [why]), explanation: Self.explanations[why])
        default: break
        }
        guard var closed = pending else { return try ReportMaker(site: site).issue(for: job, facts: nil) }
        try closed.close(site.reviews(of: sealed), withheld: Self.reason(try self.entry()))
        try ReportMaker(site: site).issue(for: job, closed.draft)
    }

    private static let explanations = [
        "review.interrupted": "what was sealed for the review is gone or was changed; nothing left",
        "review.refused": "a reviewer refused the release",
    ]

    /// Why nothing of a reviewed job leaves; nil when it does.
    private static func reason(_ entry: JobEntry) -> String? {
        switch entry.job.phase {
        case .releasing: nil
        case .cancelled: "job.cancelled"
        case .expired: "review.expired"
        default: entry.job.reasons.first ?? "review.interrupted"
        }
    }

    /// Logs who approved the output, and what of the project's capacity that costs; once, however often it is tried.
    private func approve(
        _ entry: JobEntry,
        _ approver: String,
        _ approval: JSONValue,
        _ millibits: Int64
    ) throws(GloveboxError) {
        var event = Event(
            kind: .outputApproved,
            job: job,
            project: entry.manifest.project,
            output: Site.output(of: job),
            idempotencyKey: "output approved \(job)"
        )
        event.actor = approver
        try site.record(event, approval)
        event = Event(
            kind: .budgetSpent,
            job: job,
            project: entry.manifest.project,
            output: Site.output(of: job),
            idempotencyKey: "capacity spent \(job)"
        )
        event.fields = [("budget", "capacity")]
        try site.record(event, ["millibits": .integer(millibits)])
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
