internal import GloveboxAPI
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
    /// What starts the job's jails; nil for the supervisor itself.
    var worker: (any Worker)?

    /// Builds and runs the job's jails; `start` is the statement that was signed of the run.
    func jails(proving start: KeyEvidence?) throws(GloveboxError) -> JailRun {
        guard let worker else { return JailRun(reserve: site.jails) }
        // As it is by now: the run has a number.
        return try worker.jails(of: entry(), at: site) { () throws(GloveboxError) in
            guard let start else { throw GloveboxError("internal", "nothing proves the run to its node") }
            return start
        }
    }

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
        let starter = site.settings.jobs.cluster?.name ?? JobSettings.Executor.worker.rawValue
        let executor =
            worker.map { $0.isRemote ? JobRun.node : starter } ?? JobSettings.Executor.local.rawValue
        let node = worker?.place ?? "localhost"
        let core = entry.manifest.core
        let number = entry.job.runs.count + 1
        // Arguments may name people or values.
        let salt = Machine.random(32)
        let argv = core.executors.map { JSONValue.array($0.argv.map { .string($0) }) }
        let arguments = Commitment.salted(CanonicalJSON.encode(.array(argv)), salt: salt)
        let starting = Site.Step.change(
            .starting(run: number, nonce: Digest(bytes: entry.reportNonce) ?? .zero),
            fields: [
                ("plan", .string(entry.job.planDigest.hex)), ("code", .string(core.code.nar.hex)),
                ("rootfs", .string(core.image.digest.hex)), ("jail", .string(core.profile.digest.hex)),
                ("bpf", .string(Machine.sha256(try ShippedProfiles.named(core.profile.name).compiled()).hex)),
                ("args", .string(arguments.value.hex)), ("run", .string(String(number))),
            ] + Self.data(entry.manifest),
            details: [("argsSalt", .string(Base64.encode(salt)))]
        )
        try site.transition(job, [.change(.dequeued(executor: executor, node: node)), starting])
        var facts = RunFacts(start: Machine.now(), end: Machine.now())
        do {
            try execute(entry, cancel, &facts)
        } catch {
            facts.end = Machine.now()
            try closeRun(error.code)
            if try !isCancelled() {
                try site.transition(job, .errored(component: "jail", code: error.code), explanation: error.message)
            }
            try report(ReportMaker(site: site).draft(of: job, facts: facts))
        }
    }

    /// Logs that the jail is gone, unless the log says so already; `details` stand in the private body.
    ///
    /// Everybody is told of a run that somebody stopped; of one on private data that came to grief, only that it is over.
    func closeRun(_ why: String, _ details: [(String, JSONValue)] = []) throws(GloveboxError) {
        let entry = try entry()
        guard entry.isRunOpen else { return }
        var event = Event(kind: .jobKilled, job: job, project: entry.manifest.project, statusCode: "job.killed")
        if entry.isUntold, entry.job.phase != .cancelled {
            event = Event(kind: .jobEnded, job: job, project: entry.manifest.project)
        }
        try site.record(event, .object(JSONObject([("code", .string(why))] + details)))
    }

    /// Whether no key that signed the plan or an approval was revoked since.
    private func hasUsableKeys(_ entry: JobEntry) throws(GloveboxError) -> Bool {
        var signers = [try Envelope(parsing: entry.envelope).keyID]
        signers += try entry.countedApprovals.map(\.envelope.keyID)
        let revoked = site.read { state in Set(state.revocations.map(\.key.hex)) }
        return revoked.isDisjoint(with: signers)
    }

    /// Ends a run that was cancelled, with its report; false for one that was not.
    func endIfCancelled(
        _ facts: RunFacts,
        _ details: [(String, JSONValue)] = []
    ) throws(GloveboxError) -> Bool {
        guard try isCancelled() else { return false }
        try closeRun("job.cancelled", details)
        try report(ReportMaker(site: site).draft(of: job, facts: facts))
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
        if let task = entry.task { try site.objects.check(task, isFree: false) }
        let data = try site.data(of: entry)
        if policy.privacy.blocks != nil { return try executeBlocks(entry, policy, data, cancel, &facts) }
        let plan = try JobJail(site: site, entry: entry, isRemote: worker?.isRemote == true)
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
            try logMounts(.datasetMounted)
            try site.transition(job, .staged(measured: measured))
        }
        hooks.start = { (_: JailReadback, _: JailProtections) throws(GloveboxError) in
            try site.transition(job, .started)
        }
        hooks.cancel = cancel
        let text = ProgramText.ofRun
        text.listen(&hooks)
        let jails = try jails(proving: door.evidence)
        let result: JailResult
        do { result = try jails.run(plan.specification, hooks: hooks) } catch {
            if staging.filled > 0 { try logMounts(.datasetUnmounted) }
            throw error
        }
        try logMounts(.datasetUnmounted)
        facts.take(result)
        facts.usage = ExactUsage(result)
        facts.program = site.programs.remember(plan.programKey, result.readback.program)
        facts.take(door)
        facts.views = staging.views
        // What was refused to the program, and which limit it met, it could speak through: no events of their own.
        let denials = Self.counted(result.denied) + [("denied", .array(result.denied.map { .string($0.text) }))]
        let said = denials + [("text", try keep([text]))]
        if try endIfCancelled(facts, said) { return }
        let exit = Self.exitClass(result)
        facts.refusedCalls = Self.total(result.denied)
        try site.transition(
            job,
            .ended(exit),
            details: [("refusedCalls", .integer(Int64(clamping: facts.refusedCalls ?? 0)))] + said
        )
        guard exit.isSuccess else {
            let draft = try ReportMaker(site: site).draft(of: job, facts: facts)
            try report(draft) { () throws(GloveboxError) in try site.transition(job, .failed) }
            return
        }
        guard let output = result.output, let rows = staging.rows, let access = door.access else {
            throw GloveboxError("internal", "the run left no output directory, rows or keys")
        }
        let frozen = FrozenRun(
            draft: try ReportMaker(site: site).draft(of: job, facts: facts),
            left: .files(try OutputCollector(policy: policy).collect(output)),
            access: access,
            holdoutSeed: staging.holdoutSeed
        )
        try freeze(frozen)
        try check(frozen) { () throws(GloveboxError) in rows }
    }

    /// Keeps what programs wrote, for the data's owners; what the log says of it.
    func keep(_ texts: [ProgramText]) throws(GloveboxError) -> JSONValue {
        try site.texts.keep(RunText(job: job, programs: texts.map(\.program))).json
    }

    /// The commitments to a plan's data.
    private static func data(_ manifest: Manifest) -> [(String, JSONValue)] {
        guard !manifest.inputs.isEmpty else { return [] }
        return [("data", .string(manifest.inputs.map(\.commit.value.hex).joined(separator: "+")))]
    }

    /// Logs which datasets came into the jail, or went with it; of a program over blocks, for which block, from 1.
    func logMounts(_ kind: EventKind, block: Int? = nil) throws(GloveboxError) {
        let manifest = try entry().manifest
        let fields = block.map { [("block", JSONValue.string(String($0)))] } ?? []
        for input in manifest.inputs {
            try site.record(
                Event(kind: kind, job: job, project: manifest.project, dataset: input.name, fields: fields)
            )
        }
    }

    /// Logs that what the run left is frozen, under a salted commitment: what is small could be guessed from a digest.
    func collected(_ bytes: [UInt8], details: [(String, JSONValue)] = []) throws(GloveboxError) {
        try site.transition(job, [Self.collection(bytes, details: details)])
    }

    /// The step that says so.
    static func collection(_ bytes: [UInt8], details: [(String, JSONValue)]) -> Site.Step {
        let salt = Machine.random(32)
        let commitment = Commitment.salted(bytes, salt: salt).value
        return .change(
            .collected(commitment: commitment),
            fields: [("commitment", .string(commitment.hex))],
            details: [("salt", .string(Base64.encode(salt)))] + details
        )
    }

    /// What everyone may know of the end of a run without private data: whether it went well, and in which range it used what.
    static func end(_ exit: ExitClass, _ usage: Report.Usage? = nil) -> [(String, JSONValue)] {
        let ranges = [("wall", usage?.wallBucket), ("cpu", usage?.cpuBucket), ("memory", usage?.rssBucket)]
        return [("exit", exit.isSuccess ? "success" : "failure")]
            + ranges.compactMap { name, range in range.map { (name, .string($0)) } }
    }

    /// One event a run, whatever was denied how often.
    ///
    /// Only of runs that read nothing private: what a program can count up to, or bring about, it could speak through.
    func recordDenials(_ denied: [JailResult.Denied]) throws(GloveboxError) {
        guard !denied.isEmpty else { return }
        try site.record(
            Event(
                kind: .jobDeniedSyscall,
                job: job,
                body: Self.counted(denied)
            ),
            [
                "denied": .array(denied.map { .string($0.text) })
            ]
        )
        for kind in denied { site.figures.count(.denials, [("rule", kind.rule)], by: kind.count) }
        if denied.contains(where: { $0.rule == "no-network" }) {
            try site.record(Event(kind: .jobNetAttempt, job: job))
        }
    }

    /// How many calls were refused in all.
    static func total(_ denied: [JailResult.Denied]) -> UInt64 {
        denied.reduce(0) { sum, kind in
            let (more, overflow) = sum.addingReportingOverflow(kind.count)
            return overflow ? .max : more
        }
    }

    /// How often which call was refused.
    private static func counted(_ denied: [JailResult.Denied]) -> [(String, JSONValue)] {
        [("counts", .array(denied.map { .string("\($0.rule) \($0.count)") }))]
    }

    static func exitClass(_ result: JailResult) -> ExitClass {
        switch result.end {
        case .exited(let status): .exit(UInt8(truncatingIfNeeded: status))
        case .signalled(let signal): .signal(UInt8(truncatingIfNeeded: signal))
        case .wallClock: .limit(.wall)
        case .memory: .limit(.memory)
        case .processorTime: .limit(.cpu)
        case .outputLimit: .limit(.disk)
        case .cancelled: .cancelled
        case .notFound: .exit(127)
        case .notExecutable: .exit(126)
        }
    }
}
