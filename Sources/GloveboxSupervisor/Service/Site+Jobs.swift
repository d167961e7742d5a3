internal import Foundation
internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxIndex
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

extension Site {
    /// Takes a signed plan as a job.
    func submit(
        _ caller: Caller,
        _ request: SubmitJobRequest,
        idempotency: Idempotency? = nil
    ) throws(GloveboxError) -> JobInfo {
        if let known = try job(madeBy: idempotency) { return try info(known, for: caller) }
        let draft = try draft(request.planDigest)
        let manifest = draft.manifest
        let bytes = Array(request.envelope.utf8)
        let envelope = try Envelope(parsing: bytes)
        guard envelope.payload == manifest.bytes else {
            throw GloveboxError(
                "plan.digest-mismatch",
                "you signed \(envelope.payloadDigest), the plan is \(manifest.digest)"
            )
        }
        guard manifest.submitter == caller.account else {
            throw GloveboxError("auth.forbidden", "a plan is submitted by the account that made it")
        }
        let account = read { state in state.accounts[caller.account] }
        if let account, account.key(envelope.keyID) == nil, account.knows(envelope.keyID) {
            throw account.refusal(of: envelope.keyID)
        }
        guard let key = account?.key(envelope.keyID), key.isSigner(of: envelope) else {
            throw GloveboxError(
                "approval.signature",
                "the plan is not signed by a key of this account",
                hint: "Enrol a key with 'glovebox login'."
            )
        }
        let link = request.link.map { Array($0.utf8) }
        if let link { _ = try WorkflowLink.check(link, is: WorkflowLink.submit(manifest), by: key) }
        var submission = Submission(draft: draft, envelope: bytes)
        submission.link = link
        submission.nonce = request.nonce
        submission.wantsTokens = request.wantsTokens
        submission.idempotency = idempotency
        return try info(accept(submission), for: caller)
    }

    /// A plan with its signature, ready to become a job.
    struct Submission {
        let draft: PlanDraft
        let envelope: [UInt8]
        var link: [UInt8]?
        var nonce: [UInt8]?
        var wantsTokens = false
        var idempotency: Idempotency?
        var task: TaskDocument?
    }

    /// Makes a job; its id.
    func accept(_ submission: Submission) throws(GloveboxError) -> String {
        let manifest = submission.draft.manifest
        let bytes = manifest.bytes
        let project = try read { state in
            Result { () throws(GloveboxError) in
                let datasets = manifest.inputs.map(\.name)
                let account = manifest.submitter
                try state.requireProject(manifest.project, for: account, reading: datasets, at: Machine.now())
                return state.projects[manifest.project]?.project
            }
        }.get()
        try requireCurrent(submission.draft.rules, for: manifest)
        try checkRunsPerDay(submission.draft)
        try requireQuota(submission.draft)
        let id = Machine.identifier("job")
        let isFree = manifest.inputs.isEmpty && settings.jobs.hasNoPrivateDataRule
        let quorum = isFree ? 0 : max(configuration.planQuorum, project?.planQuorum ?? 0)
        var members: [(String, JSONValue)] = [
            ("manifest", .string(Base64.encode(bytes))),
            ("envelope", .string(Base64.encode(submission.envelope))), ("quorum", .integer(Int64(quorum))),
            ("rules", submission.draft.rules.json),
            ("grace", .integer(settings.jobs.startGrace)),
        ]
        if let idempotency = submission.idempotency { members.append(("idempotency", idempotency.json)) }
        if submission.wantsTokens { members.append(("eat", .bool(true))) }
        if let link = submission.link { members.append(("link", .string(Base64.encode(link)))) }
        if let nonce = submission.nonce { members.append(("nonce", .string(Base64.encode(nonce)))) }
        if let task = submission.task { members.append(("task", task.json)) }
        try record(
            Event(
                kind: .jobSubmitted,
                job: id,
                project: manifest.project,
                actor: manifest.submitter,
                fields: [
                    ("plan", .string(Machine.sha256(bytes).hex)), ("core", .string(manifest.coreDigest.hex)),
                    ("quorum", .string(String(quorum))),
                ]
            ),
            .object(JSONObject(members))
        )
        if submission.nonce != nil {
            try record(
                Event(kind: .attestationRequested, job: id, project: manifest.project, actor: manifest.submitter)
            )
        }
        return id
    }

    /// Every run tells a little, so a policy bounds how many there are in a day.
    ///
    /// What a project or a run tightens in a policy makes no new one.
    private func checkRunsPerDay(_ draft: PlanDraft) throws(GloveboxError) {
        let since = Machine.now().adding(seconds: -86400)
        let limit = draft.rules.output.channels.maxRunsPerDay
        let runs = try runs(of: draft.manifest.project, under: draft.rules.base, after: since)
        guard runs < limit else {
            throw GloveboxError(
                "quota.exceeded",
                "the output policy allows \(limit) runs in 24 hours, and there were \(runs)"
            )
        }
    }

    /// Counts a signed vote; what follows from it is the engine's to do.
    func approve(_ caller: Caller, _ request: ApprovalRequest) throws(GloveboxError) -> ApprovalReceipt {
        let bytes = Array(request.envelope.utf8)
        let state = read { state in state }
        let vote = try state.vote(in: bytes)
        guard vote.account == caller.account else {
            throw GloveboxError("auth.forbidden", "a vote is given by the account that signed it")
        }
        let waiting = state.open.compactMap { state.jobs[$0] }.filter {
            $0.job.planDigest == vote.plan && !$0.job.phase.isTerminal
        }
        guard var entry = waiting.first else {
            throw GloveboxError("object.not-found", "no job waits for a vote on the plan \(vote.plan)")
        }
        guard vote.decision != .revoke || entry.job.phase.successors.contains(.cancelled) else {
            throw GloveboxError(
                "job.phase",
                "\(entry.job.id) is \(entry.job.phase.words): the intent to release is on record",
                hint: "An approval can be withdrawn until then."
            )
        }
        try state.requireReviewer(vote.account, of: entry.manifest.project)
        try entry.tally.record(vote, at: Machine.now())  // refuses before anything is logged
        // What it is said to be for is in people's own words, which are sealed.
        var members = JSONObject([
            ("envelope", .string(Base64.encode(bytes))), ("purpose", .string(entry.manifest.purpose)),
        ])
        if let link = request.link.map({ Array($0.utf8) }), let key = state.accounts[vote.account]?.key(vote.key) {
            _ = try WorkflowLink.check(link, is: WorkflowLink.review(entry.manifest), by: key)
            members["link"] = .string(Base64.encode(link))
        }
        let index = try record(
            Event(
                kind: Self.kind(of: vote.decision),
                job: entry.job.id,
                project: entry.manifest.project,
                actor: caller.account,
                fields: [
                    ("plan", .string(vote.plan.hex)), ("approval", .string(vote.digest.hex)),
                    ("notAfter", .string(vote.notAfter.text)),
                ]
            ),
            .object(members)
        )
        let have = entry.tally.have(at: Machine.now())
        return ApprovalReceipt(
            approval: vote.digest,
            quorum: QuorumInfo(need: entry.tally.quorum.need, have: have),
            logIndex: index
        )
    }

    private static func kind(of decision: ApprovalVote.Decision) -> EventKind {
        switch decision {
        case .approve: .approvalGiven
        case .refuse: .approvalRefused
        case .revoke: .approvalWithdrawn
        }
    }

    /// When a job without enough approvals expires.
    func approvalDeadline(of entry: JobEntry) -> Instant {
        (entry.job.waiting?.since ?? entry.job.created).adding(seconds: settings.jobs.approvalDays * 86400)
    }

    /// When a review that nobody ended does: 14 days after the tick at which everyone is told whose turn it is.
    ///
    /// Source: release policy section 13.1.
    static func reviewDeadline(of entry: JobEntry) -> Instant {
        Job.roundUp(entry.job.transitions.last?.at ?? entry.job.created, entry.tick).adding(seconds: 14 * 86400)
    }

    /// Stops a job that has not ended.
    func cancel(_ caller: Caller, _ id: String, _ request: CancelRequest) throws(GloveboxError) -> JobInfo {
        let entry = try visible(id, to: caller)
        guard entry.job.submitter == caller.account || caller.roles.contains(.operator) || caller.roles.contains(.owner)
        else {
            throw GloveboxError("auth.forbidden", "only its submitter, an owner or an operator may cancel a job")
        }
        if !entry.job.phase.isTerminal { try transition(id, .cancelled(by: caller.account)) }
        return try info(id, for: caller)
    }

    /// The job that the same request made before.
    ///
    /// - Throws: `idempotency.reused` when its body was another.
    func job(madeBy key: Idempotency?) throws(GloveboxError) -> String? {
        guard let key else { return nil }
        let here = read { state in state.idempotent[key.name] }
        let known = if let here { here } else { try index.request(key.name) }
        guard let known else { return nil }
        guard known.body == key.body else { throw Idempotency.reused }
        return known.job
    }

    /// A page of the jobs a caller may see, newest first.
    func jobs(for caller: Caller, _ query: JobQuery) throws(GloveboxError) -> Page<JobInfo> {
        var filter = filter(for: caller)
        filter.project = query.project
        filter.phases = query.phase.map(Self.ends)
        return try page(filter, before: query.before, limit: query.limit) { (id) throws(GloveboxError) -> JobInfo? in
            guard let (project, info) = try listed(id, for: caller) else { return nil }
            let isOfProject = query.project == nil || query.project == project
            return isOfProject && (query.phase ?? info.phase) == info.phase ? info : nil
        }
    }

    /// A job as a list shows it, with its project; nil when the caller may not know of it.
    ///
    /// What is at hand is told from its story, and of the others what the index keeps of them.
    private func listed(_ id: String, for caller: Caller) throws(GloveboxError) -> (project: String, info: JobInfo)? {
        let isAtHand = read { state in state.jobs[id] != nil } || past.withLock { $0[id] != nil }
        if !isAtHand, let (bytes, revealed) = try index.card(id), caller.seesAll || revealed <= Machine.now() {
            let card = try JobCard(stored: bytes, of: id)
            guard isVisible(card.project, submitter: card.submitter, to: caller) else { return nil }
            let name = read { state in state.accounts[card.submitter]?.name ?? "" }
            return (card.project, card.info(full: caller.seesAll, submitter: name))
        }
        guard let entry = try entry(id), isVisible(entry, to: caller) else { return nil }
        return (entry.manifest.project, info(entry, for: caller))
    }

    /// The jobs that a caller may know of.
    func filter(for caller: Caller) -> JobFilter {
        var filter = JobFilter(at: Machine.now())
        if caller.roles == [.researcher] {
            filter.submitter = caller.account
            filter.shared = read { state in state.projects(of: caller.account) }
        }
        return filter
    }

    /// The ends that may be shown as a phase: of a real run a researcher sees failure and refusal alike.
    static func ends(_ phase: JobPhase) -> Set<JobPhase> {
        phase == .withheld ? [.withheld, .failed, .errored] : [phase]
    }

    /// Goes through the jobs that may fit, from the newest on; a position is a job's number.
    func page<Item: Sendable>(
        _ filter: JobFilter,
        before: UInt64?,
        limit: Int,
        _ item: (String) throws(GloveboxError) -> Item?
    ) throws(GloveboxError) -> Page<Item> {
        var items: [Item] = []
        var next: UInt64?
        try walk(filter, before: before ?? .max) { (number, id) throws(GloveboxError) in
            guard let found = try item(id) else { return true }
            guard items.count < limit else {
                next = number + 1
                return false
            }
            items.append(found)
            return true
        }
        return Page(items, next: next)
    }

    /// Plans and releases that wait for the caller's vote, oldest first.
    func inbox(for caller: Caller) -> [InboxItem] {
        let now = Machine.now()
        return read { state in
            state.open.compactMap { state.jobs[$0] }.compactMap { entry in
                guard entry.job.submitter != caller.account,
                    state.mayReview(caller.account, of: entry.manifest.project)
                else { return nil }
                let release: SealedRelease?
                switch entry.job.phase {
                case .awaitingApproval where !entry.tally.votes.contains { $0.account == caller.account }:
                    release = nil
                case .awaitingReview:
                    guard let sealed = entry.sealed, !sealed.tally.isComplete,
                        !sealed.tally.hasSpoken(caller.account)
                    else { return nil }
                    release = sealed
                default: return nil
                }
                return InboxItem(
                    job: entry.job.id,
                    planDigest: entry.job.planDigest,
                    coreDigest: entry.coreDigest,
                    submitter: state.accounts[entry.job.submitter]?.name ?? "",
                    project: entry.manifest.project,
                    dataset: entry.manifest.inputs.map(\.name).joined(separator: " + "),
                    argv: entry.manifest.core.executors.first?.argv ?? [],
                    purpose: entry.manifest.purpose,
                    release: release?.bundle,
                    since: entry.job.transitions.last?.at ?? entry.job.created,
                    quorum: QuorumInfo(
                        need: release?.tally.need ?? entry.tally.quorum.need,
                        have: release?.tally.have ?? entry.tally.have(at: now)
                    )
                )
            }
        }
    }

    /// Whether a caller may know of a job.
    func isVisible(_ entry: JobEntry, to caller: Caller) -> Bool { isVisible(entry.manifest, to: caller) }

    /// Whether a caller may know of a plan: those who work in its project may, those who decide on it, and those who look
    /// after the site.
    func isVisible(_ plan: Manifest, to caller: Caller) -> Bool {
        isVisible(plan.project, submitter: plan.submitter, to: caller)
    }

    private func isVisible(_ project: String, submitter: String, to caller: Caller) -> Bool {
        submitter == caller.account || caller.seesAll
            || read { state in
                state.projects[project]?.project.members[caller.account] != nil
                    || caller.roles.contains(.reviewer) && state.mayReview(caller.account, of: project)
            }
    }

    /// Checks that a researcher takes the releases of jobs of their own alone.
    ///
    /// - Throws: `auth.forbidden`.
    func requireRecipient(of entry: JobEntry, _ caller: Caller) throws(GloveboxError) {
        guard caller.roles == [.researcher], entry.job.submitter != caller.account else { return }
        throw GloveboxError("auth.forbidden", "what a job released is for the researcher who submitted it")
    }

    /// The entry of a job, if the caller may know of it.
    func visible(_ id: String, to caller: Caller) throws(GloveboxError) -> JobEntry {
        guard let entry = try entry(id), isVisible(entry, to: caller) else {
            throw GloveboxError("object.not-found", "there is no job \(Display.escape(id))")
        }
        return entry
    }

    /// What a caller may know of a job.
    func info(_ id: String, for caller: Caller) throws(GloveboxError) -> JobInfo {
        info(try visible(id, to: caller), for: caller)
    }

    /// What a caller may know of a job that they may see.
    func info(_ entry: JobEntry, for caller: Caller) -> JobInfo {
        let (now, full) = (Machine.now(), caller.seesAll)
        let view = full ? entry.job.fullView : entry.shownView(at: now)
        let waiting = waiting(entry, view, full: full, at: now)
        let name = read { state in state.accounts[entry.job.submitter]?.name ?? "" }
        var info = entry.info(view, waiting, full: full, submitter: name, at: now)
        // As many as the reader has been told of.
        let returns = full ? entry.job.transitions : entry.shownTransitions(at: now)
        info.rounds = entry.sealed?.told(returns.count { $0.phase == .returned }) ?? []
        return info
    }

    /// Whom the job waits for: what the votes and the queue say now, before it has run for everyone.
    private func waiting(_ entry: JobEntry, _ view: JobView, full: Bool, at now: Instant) -> Waiting? {
        if full, let quorum = quorumWait(for: entry, at: now) { return quorum }
        if let waiting = view.waiting, view.phase != .awaitingApproval, log.refusal != nil {
            return Waiting(.log, since: waiting.since)
        }
        if view.phase == .returned || full && view.phase == .awaitingReview, let waiting = view.waiting {
            let parties = waiting.waitingOn
            return Waiting(waiting.code, since: waiting.since, deadline: Self.reviewDeadline(of: entry), on: parties)
        }
        guard let waiting = view.waiting, full || !entry.job.hasRun else { return view.waiting }
        switch view.phase {
        case .awaitingApproval:
            guard case .waiting(let code, let parties) = entry.tally.state(at: now) else { return waiting }
            return Waiting(code, since: waiting.since, deadline: approvalDeadline(of: entry), on: parties)
        case .queued:
            let (place, isPaused, hold, shortage) = read { state in
                (
                    state.queue.place(of: entry.job.id, among: state.queued), state.isPaused,
                    StartLimits(state, settings.quotas, at: now).hold(entry), scarcity(for: entry, in: state)
                )
            }
            if isPaused { return Waiting(.sitePaused, since: waiting.since) }
            if lackOfRoom != nil { return Waiting(.disk, since: waiting.since) }
            if let hold {
                let people = hold.needsPeople ? [Waiting.Party.role(.owner, need: 1, have: 0)] : []
                return Waiting(hold.code, since: waiting.since, deadline: hold.until, on: people)
            }
            // Which workers are there is known to the engine alone; a job that waits for its turn is waited for by one.
            let code = settings.jobs.executor == .local ? waiting.code : Waiting.Code.scheduler
            var parties = place.map { [Waiting.Party.place($0)] } ?? []
            if shortage == nil, let name = settings.jobs.cluster?.name {
                let id = entry.cluster?.id ?? ""
                parties = [.cluster(name, job: id, reason: cluster.reason(of: id) ?? "")]
            }
            if shortage == nil, settings.jobs.nodes != nil, entry.manifest.core.isolation == .full {
                let lacking = nodesWithFallbacks(at: now)
                return Waiting(.node, since: waiting.since, on: [.isolation(lacking)] + parties)
            }
            return Waiting(shortage ?? code, since: waiting.since, on: parties)
        default: return waiting
        }
    }

    /// What there is too little of for a job that waits in the queue; nil when it is only not its turn.
    private func scarcity(for entry: JobEntry, in state: borrowing SiteState) -> Waiting.Code? {
        let scheduler = Scheduler(capacity: settings.jobs.capacity)
        var running: [Resources] = []
        for id in state.open {
            guard let other = state.jobs[id], [.staging, .running, .checking].contains(other.job.phase) else {
                continue
            }
            running.append(other.needs)
        }
        return switch scheduler.shortage(for: entry.needs, in: scheduler.free(beside: running)) {
        case .memory: .memory
        case .disk: .disk
        case .processors, nil: nil
        }
    }

    /// Stops or allows starts and releases.
    func setPaused(_ paused: Bool, _ caller: Caller, reason: String) throws(GloveboxError) -> GloveboxAPI.SiteState {
        try record(
            Event(kind: paused ? .sitePaused : .siteResumed, actor: caller.account, body: [("reason", .string(reason))])
        )
        return GloveboxAPI.SiteState(paused: paused)
    }
}

extension Caller {
    /// Whether they look after the site, and are shown every job as it is.
    var seesAll: Bool { !roles.isDisjoint(with: [.owner, .operator, .auditor]) }
}
