package import GloveboxCore
internal import GloveboxJobs

/// `GET /jobs/{id}/release`: a release that waits for people, as its reviewers see it.
package struct ReleaseReview: APIValue {
    /// One person's word, told when everyone has spoken.
    package struct Verdict: APIValue {
        /// The account.
        package let reviewer: String
        /// `approve`, `return` or `refuse`.
        package let verdict: String
        /// Why.
        package let reason: String

        /// Tells a verdict.
        package init(reviewer: String, verdict: String, reason: String) {
            (self.reviewer, self.verdict, self.reason) = (reviewer, verdict, reason)
        }

        package init(json: JSONValue) throws(GloveboxError) {
            var fields = try JSONFields(json, at: "verdict")
            reviewer = try fields.string("reviewer")
            verdict = try fields.string("verdict")
            reason = try fields.string("reason")
            try fields.finish()
        }

        package var json: JSONValue {
            ["reviewer": .string(reviewer), "verdict": .string(verdict), "reason": .string(reason)]
        }
    }

    /// A round that ended with questions.
    package struct Round: APIValue {
        /// What everyone said in it.
        package let verdicts: [Verdict]
        /// What the researcher answered; nil before.
        package let answer: ReleaseAnswer?

        /// Tells a round.
        package init(verdicts: [Verdict], answer: ReleaseAnswer?) { (self.verdicts, self.answer) = (verdicts, answer) }

        package init(json: JSONValue) throws(GloveboxError) {
            var fields = try JSONFields(json, at: "round")
            verdicts = try fields.values("verdicts")
            answer = try fields.optional("answer").map(ReleaseAnswer.init(json:))
            try fields.finish()
        }

        package var json: JSONValue {
            var object = JSONObject([("verdicts", .array(verdicts.map(\.json)))])
            object["answer"] = answer?.json
            return .object(object)
        }
    }

    /// What the same project was given last of the same data.
    package struct Earlier: APIValue {
        /// The job whose release it was.
        package let job: String
        /// Its files as they left.
        package let files: [NamedFile]

        /// Names an earlier release.
        package init(job: String, files: [NamedFile]) { (self.job, self.files) = (job, files) }

        package init(json: JSONValue) throws(GloveboxError) {
            var fields = try JSONFields(json, at: "earlier")
            job = try fields.string("job")
            files = try NamedFiles(json: fields.required("files")).files
            try fields.finish()
        }

        package var json: JSONValue { ["job": .string(job), "files": NamedFiles(files).json] }
    }

    /// The job.
    package let job: String
    /// SHA-256 of the bundle.
    package let bundle: Digest
    /// The merged output policy.
    package let policy: Digest
    /// SHA-256 of `disclosure.json`, the record in full.
    package let evidence: Digest
    /// The files as they would leave, and `disclosure.json`.
    package let files: [NamedFile]
    /// How many people have to speak and have spoken.
    package let quorum: QuorumInfo
    /// What they said; empty until all have spoken.
    package let verdicts: [Verdict]
    /// The rounds before this one, oldest first.
    package let rounds: [Round]
    /// What it is to be compared with; nil for a project's first release of the data.
    package let earlier: Earlier?

    /// Shows a release.
    package init(
        job: String,
        bundle: Digest,
        policy: Digest,
        evidence: Digest,
        files: [NamedFile],
        quorum: QuorumInfo,
        verdicts: [Verdict],
        rounds: [Round] = [],
        earlier: Earlier? = nil
    ) {
        (self.job, self.bundle, self.policy, self.evidence) = (job, bundle, policy, evidence)
        (self.files, self.quorum, self.verdicts) = (files, quorum, verdicts)
        (self.rounds, self.earlier) = (rounds, earlier)
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "release")
        job = try fields.string("job")
        bundle = try fields.namedDigest("bundle")
        policy = try fields.namedDigest("policy")
        evidence = try fields.namedDigest("evidence")
        files = try NamedFiles(json: fields.required("files")).files
        quorum = try QuorumInfo(json: fields.required("quorum"))
        verdicts = try fields.values("verdicts")
        rounds = try fields.values("rounds")
        earlier = try fields.optional("earlier").map(Earlier.init(json:))
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([
            ("job", .string(job)), ("bundle", .string(bundle.named)), ("policy", .string(policy.named)),
            ("evidence", .string(evidence.named)), ("files", NamedFiles(files).json), ("quorum", quorum.json),
            ("verdicts", .array(verdicts.map(\.json))), ("rounds", .array(rounds.map(\.json))),
        ])
        object["earlier"] = earlier?.json
        return .object(object)
    }
}

/// `POST /jobs/{id}/release/votes`: one signed word on a release.
package struct VerdictRequest: APIValue {
    /// The DSSE envelope, as JSON text.
    package let envelope: String

    /// Hands in a verdict.
    package init(envelope: String) { self.envelope = envelope }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "verdict")
        envelope = try fields.string("envelope")
        try fields.finish()
    }

    package var json: JSONValue { ["envelope": .string(envelope)] }
}

/// Answer to `POST /jobs/{id}/release/votes`.
package struct VerdictReceipt: APIValue {
    /// SHA-256 of the signed payload.
    package let verdict: Digest
    /// How many have to speak and have spoken.
    package let quorum: QuorumInfo
    /// The index of its leaf in the log.
    package let logIndex: UInt64

    /// Confirms a verdict.
    package init(verdict: Digest, quorum: QuorumInfo, logIndex: UInt64) {
        (self.verdict, self.quorum, self.logIndex) = (verdict, quorum, logIndex)
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "verdict")
        verdict = try fields.namedDigest("verdict")
        quorum = try QuorumInfo(json: fields.required("quorum"))
        logIndex = try fields.decimal("log_index")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "verdict": .string(verdict.named), "quorum": quorum.json, "log_index": .string(String(logIndex)),
        ]
    }
}
