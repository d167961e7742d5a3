internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency

/// From a decision to its end. What may leave is on disk, encrypted, before the log names it, and each step stands in the
/// log before the next, so that a supervisor that dies on the way goes on where it was and releases once.
extension JobRunner {
    /// Bytes that are fixed, and what the log is told of them.
    typealias Fixed = (sealed: SealedRelease, pending: PendingRelease)

    /// Writes down what was decided: a refusal, a release that people look at, or one that leaves at its tick.
    func settle(
        _ entry: JobEntry,
        _ policy: OutputPolicy,
        _ outcome: OutputDecision.Outcome,
        _ frozen: FrozenRun
    ) throws(GloveboxError) {
        var draft = frozen.draft
        let reason = outcome.released == nil ? outcome.reason : "output.replaced"
        draft.take(outcome.decision, disclosure: outcome.disclosure, withheld: [(frozen.bytes, reason)])
        draft.record = outcome.evidence
        draft.report.privacy = outcome.privacy
        guard let released = outcome.released else {
            return try report(draft) { () throws(GloveboxError) in
                try site.transition(
                    job,
                    .checked(.withhold),
                    fields: Self.verdict(.withhold, entry),
                    details: [Self.record(outcome)] + NearRefusal.details(of: outcome)
                )
                try site.transition(job, .withheld(reasons: [outcome.reason]), explanation: outcome.explanation)
            }
        }
        let isReviewed = outcome.decision?.outcome == .review
        let fixed = try seal(
            entry,
            released,
            outcome.evidence,
            draft,
            approval: isReviewed ? .null : outcome.approval,
            reviewers: isReviewed ? Self.reviewers(policy, outcome.decision) : 0
        )
        // Later releases are compared with it from now on: what is compared and never released does no harm, the other way
        // round does. One that waits does so with what it was compared with itself.
        try outcome.remember()
        let verdict: CheckVerdict = isReviewed ? .review : .release
        try site.transition(
            job,
            .checked(verdict),
            fields: Self.verdict(verdict, entry),
            details: [Self.record(outcome), ("sealed", fixed.sealed.json)]
        )
        if !isReviewed { try release(fixed) }
    }

    /// Fixes the bytes of a release: they are on disk before the log names them.
    ///
    /// - Throws: `storage.write`, `broker.*`.
    func seal(
        _ entry: JobEntry,
        _ bundle: [UInt8],
        _ evidence: [UInt8],
        _ draft: ReportDraft,
        approval: JSONValue = .null,
        reviewers: Int64 = 0
    ) throws(GloveboxError) -> Fixed {
        let pending = PendingRelease(draft: draft, evidence: evidence)
        let sealed = SealedRelease(
            bundle: Machine.sha256(bundle),
            evidence: Machine.sha256(evidence),
            contents: try site.pending.keep(pending, for: job),
            millibits: draft.millibits,
            approval: approval,
            tally: ReviewTally(need: Int(clamping: reviewers), requester: entry.job.submitter)
        )
        return (sealed, pending)
    }

    /// Carries out the decision that a release leaves by itself, from wherever an earlier supervisor left it.
    func release(_ fixed: Fixed) throws(GloveboxError) {
        var entry = try entry()
        if entry.job.phase == .checking, entry.job.verdict == nil {
            // A task's, whose supervisor was of an earlier version, and died here.
            try site.transition(job, [Self.passed(entry)])
            entry = try self.entry()
        }
        if entry.job.phase == .checking {
            try intend(entry, fixed, approvedBy: entry.rules.output.document.digest.named)
        }
        try report(fixed.pending.draft)
    }

    /// Makes the report of a run without private data, and keeps the draft of another's until the engine finds that its time
    /// has come; `end` says meanwhile that the job is over.
    func report(
        _ draft: ReportDraft,
        after end: () throws(GloveboxError) -> Void = {}
    ) throws(GloveboxError) {
        let entry = try entry()
        // What is sealed has its draft with it.
        if entry.isUntold, entry.sealed == nil { try site.drafts.keep(draft, for: entry) }
        try end()
        if !entry.isUntold { try ReportMaker(site: site).issue(for: job, draft) }
    }

    /// Makes the report, its time having come, of what was kept of the run.
    func report() throws(GloveboxError) {
        let entry = try entry()
        guard let sealed = entry.sealed else {
            return try ReportMaker(site: site).issue(for: job, kept: site.drafts.find(entry))
        }
        guard var pending = try site.pending.find(entry) else {
            if !entry.job.phase.isTerminal { try interrupt() }
            return try ReportMaker(site: site).issue(for: job, kept: nil)
        }
        if entry.job.phase != .releasing || entry.job.review != nil {
            try pending.close(sealed.reviews, withheld: Self.reason(entry))
        }
        pending.draft.record = pending.evidence
        try ReportMaker(site: site).issue(for: job, pending.draft)
    }

    /// Withholds what was decided or waited, and is lost.
    private func interrupt() throws(GloveboxError) {
        let why = "review.interrupted"
        try site.transition(job, .withheld(reasons: [why]), explanation: Self.explanations[why])
    }

    /// Logs who let a release go, and which.
    private func intend(_ entry: JobEntry, _ fixed: Fixed, approvedBy approver: String) throws(GloveboxError) {
        try site.transition(job, intent(entry, fixed, approvedBy: approver))
    }

    /// The steps that say so: who approved the output, what of the project's capacity that costs, and the intent.
    ///
    /// However often they are tried, each stands in the log once. What holds nothing private costs none.
    func intent(
        _ entry: JobEntry,
        _ fixed: Fixed,
        approvedBy approver: String
    ) throws(GloveboxError) -> [Site.Step] {
        func event(_ kind: EventKind, _ key: String) -> Event {
            Event(
                kind: kind,
                job: job,
                project: entry.manifest.project,
                output: Site.output(of: job),
                idempotencyKey: "\(key) \(job)"
            )
        }
        var approved = event(.outputApproved, "output approved")
        approved.actor = approver
        var steps = [Site.Step.event(approved, fixed.sealed.approval)]
        if !entry.manifest.inputs.isEmpty {
            var spent = event(.budgetSpent, "capacity spent")
            spent.fields = [("budget", "capacity")]
            steps.append(.event(spent, ["millibits": .integer(fixed.sealed.millibits)]))
        }
        let bytes = try fixed.pending.bundle(entry.rules.output).count
        steps.append(
            .change(.releaseIntent(bundle: fixed.sealed.bundle), details: [("bytes", .integer(Int64(bytes)))])
        )
        return steps
    }

    /// The step that says that the checks let a release go.
    static func passed(_ entry: JobEntry) -> Site.Step {
        .change(.checked(.release), fields: verdict(.release, entry))
    }

    /// Decides on what was sealed: a release that leaves by itself, or a review in which everyone has spoken, that was cut
    /// off, or whose sealed bytes are lost.
    ///
    /// What cannot be read back as it was sealed does not leave.
    func conclude() throws(GloveboxError) {
        let entry = try entry()
        guard let sealed = entry.sealed else { throw GloveboxError("internal", "job \(job) has no sealed release") }
        let pending = try site.pending.find(entry)
        if entry.job.verdict == .release || entry.job.phase == .checking, !entry.job.phase.isTerminal, let pending {
            return try release((sealed, pending))
        }
        if entry.job.phase == .awaitingReview, entry.job.review == nil {
            let outcome = sealed.tally.outcome
            if outcome == .sendBack, pending != nil {
                try site.transition(job, .returned)
                return
            }
            try site.transition(job, .reviewClosed(release: outcome == .approve && pending != nil))
        }
        switch (entry.job.phase, pending) {
        case (.awaitingReview, let pending?) where try self.entry().job.review == true:
            try intend(entry, (sealed, pending), approvedBy: sealed.evidence.named)
        case (.awaitingReview, .some):
            let why = "review.refused"
            try site.transition(job, .withheld(reasons: [why]), explanation: Self.explanations[why])
        case (.awaitingReview, nil), (.checking, nil), (.releasing, nil): try interrupt()
        default: break
        }
    }

    /// Lets a decided release go; its time has come.
    func publish() throws(GloveboxError) {
        let entry = try entry()
        guard let report = entry.reportIndex else {
            try site.transition(job, .errored(component: "supervisor", code: "job.interrupted"))
            return
        }
        let (leaf, _) = try site.log.proof(report)
        let digest = Machine.sha256(leaf)
        let salt = Machine.random(32)
        var fields = site.witnessing()
        fields += [
            ("report", .string(digest.hex)),
            ("recipient", .string(Pseudonym.make(entry.job.submitter, root: site.keys.pseudonyms))),
        ]
        // The report names the files; a digest of the bundle itself could be guessed from where it is small.
        if let bundle = entry.sealed?.bundle {
            fields.append(("bundle", .string(Commitment.salted(bundle.bytes, salt: salt).value.hex)))
        }
        if let approval = entry.outputApproval { fields.append(("approval", .string(String(approval)))) }
        try site.transition(
            job,
            .released(report: digest),
            fields: fields,
            details: [("bundleSalt", .string(Base64.encode(salt)))]
        )
    }

    /// The record in full, for the private body that auditors read; it is signed with the report.
    private static func record(_ outcome: OutputDecision.Outcome) -> (String, JSONValue) {
        ("record", .string(Base64.encode(outcome.evidence)))
    }

    /// How many people decide: with a picture of the job's own, as many as that takes, too.
    private static func reviewers(_ rules: OutputPolicy, _ decision: Decision?) -> Int64 {
        let figure = rules.opaque.fallback.flatMap { figure in
            decision?.files.contains { $0.name == figure.name } == true ? figure.reviewers : nil
        }
        return max(rules.decision.reviewers, rules.tier == .opaque ? 2 : 1, figure ?? 1)
    }

    private static let explanations = [
        "review.interrupted": "what was sealed for the release is gone or was changed; nothing left",
        "review.refused": "a reviewer refused the release",
    ]

    /// Why nothing of a sealed release leaves; nil when it does.
    private static func reason(_ entry: JobEntry) -> String? {
        switch entry.job.phase {
        case .releasing: nil
        case .cancelled: "job.cancelled"
        case .expired: "review.expired"
        default: entry.job.reasons.first ?? "review.interrupted"
        }
    }

    /// What the checks say together, and by which rules; supervisor and configuration stand in every event.
    static func verdict(_ verdict: CheckVerdict, _ entry: JobEntry) -> [(String, JSONValue)] {
        [("verdict", .string(verdict.rawValue)), ("policy", .string(entry.rules.output.document.digest.hex))]
    }
}
