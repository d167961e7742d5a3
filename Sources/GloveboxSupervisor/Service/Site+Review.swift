internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxIndex
internal import GloveboxJobs
internal import GloveboxTransparency

extension Site {
    /// A sealed release as its reviewers see it; that somebody looks is on record first.
    func release(_ caller: Caller, _ id: String) throws(GloveboxError) -> ReleaseReview {
        let (entry, sealed) = try sealedRelease(caller, id)
        guard let pending = try pending.find(entry) else { throw Self.over(id) }
        try record(Event(kind: .outputReviewed, job: id, output: Self.output(of: id), actor: caller.account))
        return ReleaseReview(
            job: id,
            bundle: sealed.bundle,
            policy: entry.manifest.policies.output,
            evidence: sealed.evidence,
            files: pending.draft.files.map { NamedFile(path: $0.name, content: $0.bytes) }
                + [NamedFile(path: EvidenceFiles.disclosure, content: pending.evidence)],
            quorum: QuorumInfo(need: sealed.tally.need, have: sealed.tally.have),
            verdicts: sealed.tally.isComplete ? try sealed.reviews.map(ReleaseReview.Verdict.init) : [],
            rounds: sealed.rounds.map(\.shown),
            earlier: try earlier(than: entry)
        )
    }

    /// What a job's project was given last of the data that the job read; nil when that was nothing, or is kept no longer.
    ///
    /// A project's reviewers are shown no other's releases; those are compared by the checks.
    private func earlier(than entry: JobEntry) throws(GloveboxError) -> ReleaseReview.Earlier? {
        let data = read { state in state.lineages(of: entry.manifest) }
        var filter = JobFilter(at: Machine.now())
        (filter.project, filter.phases) = (entry.manifest.project, [.released])
        var found: JobEntry?
        try walk(filter, before: entry.number) { (_, id) throws(GloveboxError) in
            guard let other = try self.entry(id), other.job.phase == .released, !other.manifest.inputs.isEmpty,
                other.manifest.project == entry.manifest.project,
                read({ state in state.lineages(of: other.manifest) }) == data,
                let evidence = other.evidence, blobs.has(evidence)
            else { return true }
            found = other
            return false
        }
        guard let found else { return nil }
        return ReleaseReview.Earlier(job: found.job.id, files: try released(found))
    }

    /// Counts a signed verdict; what follows from it is the engine's to do, when all have spoken.
    func vote(_ caller: Caller, _ id: String, _ request: VerdictRequest) throws(GloveboxError) -> VerdictReceipt {
        let (entry, _) = try sealedRelease(caller, id)
        let bytes = Array(request.envelope.utf8)
        let state = read { state in state }
        let verdict = try state.verdict(in: bytes, on: entry)
        guard verdict.account == caller.account else {
            throw GloveboxError("auth.forbidden", "a verdict is given by the account that signed it")
        }
        try state.requireReviewer(verdict.account, of: entry.manifest.project)
        try state.requireOutsider(verdict.account, of: entry.manifest.project)
        var trial = entry.sealed?.tally
        try trial?.record(verdict)  // refuses before anything is logged
        let index = try record(
            Event(
                kind: .reviewVoted,
                job: id,
                project: entry.manifest.project,
                output: Self.output(of: id),
                actor: caller.account,
                // A salted digest: the log's readers, reviewers among them, do not learn what was said.
                fields: [("vote", .string(verdict.digest.hex))]
            ),
            ["envelope": .string(Base64.encode(bytes))]
        )
        return VerdictReceipt(
            verdict: verdict.digest,
            quorum: QuorumInfo(need: trial?.need ?? 0, have: trial?.have ?? 0),
            logIndex: index
        )
    }

    /// Takes a researcher's answer to reviewers who sent a release back; they are asked once more.
    ///
    /// - Throws: `auth.forbidden`, `job.phase`, `output.unknown`, `review.interrupted`.
    func answer(_ caller: Caller, _ id: String, _ answer: ReleaseAnswer) throws(GloveboxError) -> JobInfo {
        let entry = try visible(id, to: caller)
        guard entry.job.submitter == caller.account else {
            throw GloveboxError("auth.forbidden", "the researcher who submitted a job answers for its release")
        }
        // Nor before the tick at which it is told.
        let now = Machine.now()
        guard entry.job.phase == .returned, entry.shownView(at: now).phase == .returned, var sealed = entry.sealed
        else { throw GloveboxError("job.phase", "job \(Display.escape(id)) has no release that was sent back") }
        guard var pending = try pending.find(entry) else {
            throw GloveboxError("review.interrupted", "what was sealed for the release is gone or was changed")
        }
        try Self.check(answer, of: pending.draft.files.map(\.name))
        sealed.take(answer, at: now)
        try pending.take(sealed, entry.rules.output)
        try transition(
            id,
            .resubmitted(by: caller.account),
            details: SealedRelease.resubmission(
                answer,
                at: now,
                bundle: Machine.sha256(pending.bundle(entry.rules.output)),
                evidence: Machine.sha256(pending.evidence)
            )
        )
        return try info(id, for: caller)
    }

    private static func check(_ answer: ReleaseAnswer, of files: [String]) throws(GloveboxError) {
        for name in answer.drop + answer.notes.map(\.path) where !files.contains(name) {
            throw GloveboxError(
                "output.unknown",
                "the release has no file \(Display.escape(name))",
                hint: "It has \(files.map(Display.escape).joined(separator: ", "))."
            )
        }
        guard !Set(files).isSubset(of: answer.drop) else {
            throw GloveboxError(
                "output.unknown",
                "that would leave nothing to release",
                hint: "Withdraw the job with 'glovebox cancel'."
            )
        }
    }

    // Whoever asked for the release is no reviewer of it, and is told no more than that it is under review.
    private func sealedRelease(_ caller: Caller, _ id: String) throws(GloveboxError) -> (JobEntry, SealedRelease) {
        let entry = try visible(id, to: caller)
        guard entry.job.submitter != caller.account else {
            throw GloveboxError("approval.separation", "who asked for a release does not review it")
        }
        guard entry.job.phase == .awaitingReview, let sealed = entry.sealed else { throw Self.over(id) }
        return (entry, sealed)
    }

    private static func over(_ id: String) -> GloveboxError {
        GloveboxError("job.phase", "job \(Display.escape(id)) has no release that waits for a review")
    }
}

extension SiteState {
    /// The lineages of the datasets that a plan reads, as they are now.
    fileprivate func lineages(of plan: Manifest) -> Set<String> {
        Set(plan.inputs.map { datasets[$0.name]?.lineage ?? $0.name })
    }

    /// Reads and checks a signed verdict against the accounts and what it speaks of.
    ///
    /// - Throws: `approval.*`, `key.*`, `review.changed`.
    func verdict(in envelope: [UInt8], on entry: JobEntry) throws(GloveboxError) -> ReviewTally.Verdict {
        let signed = try Envelope(parsing: envelope)
        let verdict = try ReleaseVerdict(parsing: signed.payload)
        guard let account = accounts[verdict.account], let key = account.key(verdict.keyID) else {
            throw GloveboxError("key.unknown", "the verdict names a key that the account has not enrolled")
        }
        guard key.isSigner(of: signed) else {
            throw GloveboxError("approval.signature", "the verdict is not signed by the key it names")
        }
        guard let sealed = entry.sealed, verdict.bundle == sealed.bundle, verdict.evidence == sealed.evidence,
            verdict.policy == entry.manifest.policies.output
        else {
            throw GloveboxError(
                "review.changed",
                "the verdict is on another bundle, policy or record than the one that waits",
                hint: "Look at the release again."
            )
        }
        guard let decision = ReviewTally.Decision(rawValue: verdict.decision.rawValue) else {
            throw GloveboxError("approval.signature", "the verdict has no known decision")
        }
        return ReviewTally.Verdict(
            digest: signed.payloadDigest,
            account: account.id,
            key: verdict.keyID,
            role: try Role(reading: verdict.role),
            roles: account.roles,
            decision: decision
        )
    }

    /// Counts a logged verdict.
    mutating func addVerdict(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "verdict")
        guard let id = record.job, let entry = jobs[id], let bytes = Base64.decode(try fields.string("envelope")) else {
            throw GloveboxError("log.journal-corrupt", "a verdict is not readable")
        }
        let verdict = try verdict(in: bytes, on: entry)
        try jobs[id]?.sealed?.tally.record(verdict)
        jobs[id]?.sealed?.envelopes.append(bytes)
    }
}
