internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency

extension JobRunner {
    /// Runs a plan that reads no private data, and releases what it left as it is.
    func executeTask(
        _ entry: JobEntry,
        _ policy: OutputPolicy,
        _ cancel: Descriptor,
        _ facts: inout RunFacts
    ) throws(GloveboxError) {
        guard policy.tier == .verbatim, let rules = policy.verbatim else {
            throw GloveboxError("policy.error", "a plan without data runs under a policy of tier verbatim alone")
        }
        let isRemote = worker?.isRemote == true
        let first = entry.manifest.core.executors[0]
        let jail = try JobJail(site: site, entry: entry, executor: first, isRemote: isRemote)
        facts.filter = Machine.sha256(try jail.specification.profile.compiled())
        facts.imageFormat = jail.imageFormat
        let start = try ReportMaker(site: site).start(for: job, facts: facts)
        facts.startStatement = start
        let limit = Int64(clamping: entry.manifest.core.limits.diskBytes)
        let fetched = try FetchedInputs(entry.task, site: site, limit: limit)
        if try endIfCancelled(facts) { return }
        let run = try TaskRun(
            site: site,
            entry: entry,
            fetched: fetched,
            jails: jails(proving: worker == nil ? nil : site.evidence(of: start, entry)),
            isRemote: isRemote
        )
        let ending = try run.run(cancel: cancel, &facts)
        facts.commands = UInt64(run.logs.count)
        facts.refusedCalls = Self.total(run.denied)
        try recordDenials(run.denied)
        if try endIfCancelled(facts) { return }
        var log = TaskLog(executors: run.logs)
        try site.transition(
            job,
            .ended(ending.exit),
            fields: Self.end(ending.exit),
            details: [("task", try log.keep(in: site.blobs))]
        )
        if case .limit(let limit) = ending.exit {
            try site.record(Event(kind: .jobResourceLimit, job: job, body: [("limit", .string(limit.rawValue))]))
        }
        guard ending.exit.isSuccess else {
            try site.transition(job, .failed)
            return try report(ReportMaker(site: site).draft(of: job, facts: facts))
        }
        if let why = over(entry) { return try withhold(why, facts) }
        let layout = try TaskLayout(entry.manifest, fetching: entry.task)
        let outputs = TaskOutputs(layout: layout, outputs: entry.manifest.outputs, rules: rules)
        try release(entry, policy, outputs, fetched, ending, &log, facts)
    }

    private func release(
        _ entry: JobEntry,
        _ policy: OutputPolicy,
        _ outputs: TaskOutputs,
        _ fetched: FetchedInputs,
        _ ending: TaskRun.Ending,
        _ log: inout TaskLog,
        _ facts: RunFacts
    ) throws(GloveboxError) {
        let files: [TaskOutputs.File]
        let bundle: [UInt8]
        do {
            files = try outputs.collect(ending.directories)
            bundle = try ReleaseBundle(files.map { Decision.File($0.name, $0.bytes) }, pad: policy.channels.pad).bytes
        } catch {
            guard error.code.hasPrefix("output.") else { throw error }
            return try withhold(error, facts)
        }
        let decision = Decision.verbatim(files.map { Decision.File($0.name, $0.bytes) })
        let left = files.map { file -> JSONValue in
            ["name": .string(file.name), "path": .string(file.log.path), "sha256": Machine.sha256(file.bytes).json]
        }
        var record = JSONObject([
            ("tier", "verbatim"), ("policy", policy.document.digest.json), ("job", .string(job)),
            ("files", .array(left)),
        ])
        if !fetched.files.isEmpty { record["fetched"] = fetched.json }
        let evidence = CanonicalJSON.encode(.object(record))
        var draft = try ReportMaker(site: site).draft(of: job, facts: facts)
        draft.take(decision, disclosure: evidence)
        log.outputs = files.map(\.log)
        let all = files.reduce(into: [UInt8]()) { $0 += $1.bytes }
        let kept = try log.keep(in: site.blobs)
        let released = try seal(entry, bundle, evidence, draft)
        // With the bytes that leave, so that a supervisor that dies from here on has them. Nothing can keep a task's from
        // leaving: what follows is written with it.
        let collection = Self.collection(all, details: [("sealed", released.sealed.json), ("task", kept)])
        let rules = policy.document.digest.named
        try site.transition(job, [collection, Self.passed(entry)] + intent(entry, released, approvedBy: rules))
        try report(released.pending.draft)
    }

    /// Withholds what a task left, unchecked.
    private func withhold(_ why: GloveboxError, _ facts: RunFacts) throws(GloveboxError) {
        try collected([])
        try withhold(why)
        try report(ReportMaker(site: site).draft(of: job, facts: facts))
    }
}
