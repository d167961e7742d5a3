internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxTransparency

extension Site {
    /// What a reviewer looks at before voting: the files to the byte, the evidence, and what a vote has to name.
    ///
    /// Of the votes it says nothing but how many are needed.
    func releaseForReview(_ caller: Caller, _ id: String) throws(GloveboxError) -> NamedFiles {
        let (entry, review) = try openReview(id)
        guard caller.account != entry.job.submitter else {
            throw GloveboxError("review.requester", "who asked for a release does not review it")
        }
        guard let sealed = sealed[id] else {
            throw GloveboxError("review.lost", "the sealed release is gone; the job will be withheld")
        }
        let subject: JSONValue = [
            "bundle": review.subject.bundle.json, "policy": review.subject.policy.json,
            "evidence": review.subject.evidence.json, "need": .integer(Int64(review.need)),
        ]
        return NamedFiles(
            [
                NamedFile(path: "subject.json", content: CanonicalJSON.encode(subject)),
                NamedFile(path: "evidence.json", content: sealed.evidence),
                NamedFile(path: "bundle.tar", content: sealed.bundle),
            ]
        )
    }

    /// Counts a signed verdict; what follows from all of them is the engine's to do.
    ///
    /// The answer is the same for a yes and a no, and says nothing of the other votes.
    func voteOnRelease(_ caller: Caller, _ id: String, _ request: ApprovalRequest) throws(GloveboxError)
        -> ReviewReceipt
    {
        var (entry, review) = try openReview(id)
        let bytes = Array(request.envelope.utf8)
        let vote = try read { state in state }.verdict(in: bytes)
        guard vote.account == caller.account else {
            throw GloveboxError("auth.forbidden", "a vote is given by the account that signed it")
        }
        try review.record(vote)  // refuses before anything is logged
        let index = try record(
            Event(
                kind: .reviewVoted,
                job: id,
                project: entry.manifest.project,
                output: Self.output(of: id),
                actor: caller.account,
                fields: [("verdict", .string(vote.digest.hex))]
            ),
            ["envelope": .string(Base64.encode(bytes))]
        )
        return ReviewReceipt(verdict: vote.digest, logIndex: index)
    }

    private func openReview(_ id: String) throws(GloveboxError) -> (JobEntry, ReleaseReview) {
        guard let entry = read({ state in state.jobs[id] }), entry.job.phase == .awaitingReview,
            let review = entry.review
        else {
            throw GloveboxError("object.not-found", "there is no release of \(Display.escape(id)) to review")
        }
        return (entry, review)
    }
}

extension SiteState {
    /// Adds a logged verdict to the review of its job.
    mutating func addVerdict(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "verdict")
        guard let id = record.job, let bytes = Base64.decode(try fields.string("envelope")) else {
            throw GloveboxError("log.journal-corrupt", "a verdict is not readable")
        }
        let vote = try verdict(in: bytes)
        try jobs[id]?.review?.record(vote)
    }

    /// Reads and checks a signed verdict against the accounts.
    ///
    /// - Throws: `review.*`, `key.unknown`, `approval.signature`.
    func verdict(in envelope: [UInt8]) throws(GloveboxError) -> ReleaseReview.Vote {
        let signed = try Envelope(parsing: envelope)
        let verdict = try ReleaseVerdict(parsing: signed.payload)
        guard let account = accounts[verdict.reviewer], let key = account.key(verdict.keyID) else {
            throw GloveboxError("key.unknown", "the vote names a key that the account has not enrolled")
        }
        guard key.isSigner(of: signed) else {
            throw GloveboxError("approval.signature", "the vote is not signed by the key it names")
        }
        return ReleaseReview.Vote(
            digest: signed.payloadDigest,
            subject: .init(bundle: verdict.bundle, policy: verdict.policy, evidence: verdict.evidence),
            approves: verdict.verdict == .approve,
            account: account.id,
            roles: account.roles
        )
    }

    /// Opens the review that a checked output asks for.
    mutating func openReview(_ json: JSONValue, of entry: inout JobEntry) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "review")
        let subject = ReleaseReview.Subject(
            bundle: try fields.digest("bundle"),
            policy: try fields.digest("policy"),
            evidence: try fields.digest("evidence")
        )
        entry.review = ReleaseReview(
            subject,
            need: Int(try fields.integer("need")),
            requester: entry.job.submitter
        )
    }
}

extension ReleaseReview.Subject {
    /// As the journal keeps it, with the number of votes that are needed.
    func json(need: Int64) -> JSONValue {
        ["bundle": bundle.json, "policy": policy.json, "evidence": evidence.json, "need": .integer(need)]
    }
}
