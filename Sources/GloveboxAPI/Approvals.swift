package import GloveboxCore
internal import GloveboxJobs

/// `POST /approvals`: one signed word on a plan, yes or no.
package struct ApprovalRequest: APIValue {
    /// The DSSE envelope, as JSON text.
    package let envelope: String
    /// The in-toto link of the review in its envelope, as JSON text; nil for a refusal.
    package let link: String?

    /// Hands in an approval, refusal or revocation.
    package init(envelope: String, link: String? = nil) {
        self.envelope = envelope
        self.link = link
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "approval")
        self.envelope = try fields.string("envelope")
        self.link = try fields.optionalString("link")
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([("envelope", .string(envelope))])
        object["link"] = link.map { .string($0) }
        return .object(object)
    }
}

/// How many people are needed and how many have said yes.
package struct QuorumInfo: APIValue {
    /// Needed.
    package let need: Int
    /// Have said yes and still mean it.
    package let have: Int

    /// Counts votes.
    package init(need: Int, have: Int) {
        self.need = need
        self.have = have
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "quorum")
        self.need = try fields.count("need")
        self.have = try fields.count("have")
        try fields.finish()
    }

    package var json: JSONValue { ["need": .integer(Int64(need)), "have": .integer(Int64(have))] }
}

/// Answer to `POST /approvals`.
package struct ApprovalReceipt: APIValue {
    /// SHA-256 of the signed payload; names the approval.
    package let approval: Digest
    /// The votes after it.
    package let quorum: QuorumInfo
    /// The index of its leaf in the log.
    package let logIndex: UInt64

    /// Confirms a vote.
    package init(approval: Digest, quorum: QuorumInfo, logIndex: UInt64) {
        self.approval = approval
        self.quorum = quorum
        self.logIndex = logIndex
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "approval")
        self.approval = try fields.namedDigest("approval")
        self.quorum = try QuorumInfo(json: try fields.required("quorum"))
        self.logIndex = try fields.decimal("log_index")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "approval": .string(approval.named), "quorum": quorum.json, "log_index": .string(String(logIndex)),
        ]
    }
}

/// A plan, or a release, that waits for the caller's word: an item of `GET /inbox`.
package struct InboxItem: APIValue {
    /// The job that waits.
    package let job: String
    /// Its plan.
    package let planDigest: Digest
    /// The part of the plan that a mock and a real run share.
    package let coreDigest: Digest
    /// Who submitted it.
    package let submitter: String
    /// Its project, whose proposal says what it belongs to.
    package let project: String
    /// The dataset's name.
    package let dataset: String
    /// The command.
    package let argv: [String]
    /// Why, in words of the researcher.
    package let purpose: String
    /// SHA-256 of the sealed bundle, when a release waits; nil for a plan.
    package let release: Digest?
    /// Since when it waits.
    package let since: Instant
    /// The votes so far.
    package let quorum: QuorumInfo

    /// Describes a plan or a release that waits.
    package init(
        job: String,
        planDigest: Digest,
        coreDigest: Digest,
        submitter: String,
        project: String,
        dataset: String,
        argv: [String],
        purpose: String,
        release: Digest? = nil,
        since: Instant,
        quorum: QuorumInfo
    ) {
        self.job = job
        self.planDigest = planDigest
        self.coreDigest = coreDigest
        self.submitter = submitter
        self.project = project
        self.dataset = dataset
        self.argv = argv
        self.purpose = purpose
        self.release = release
        self.since = since
        self.quorum = quorum
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "inbox")
        self.job = try fields.string("job")
        self.planDigest = try fields.namedDigest("plan_digest")
        self.coreDigest = try fields.namedDigest("core_digest")
        self.submitter = try fields.string("submitter")
        self.project = try fields.string("project")
        self.dataset = try fields.string("dataset")
        self.argv = try fields.strings("argv")
        self.purpose = try fields.string("purpose")
        self.release = try fields.optionalString("release").map { (text) throws(GloveboxError) in
            try Digest(reading: text, at: "release")
        }
        self.since = try fields.instant("since")
        self.quorum = try QuorumInfo(json: try fields.required("quorum"))
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([
            ("job", .string(job)), ("plan_digest", .string(planDigest.named)),
            ("core_digest", .string(coreDigest.named)), ("submitter", .string(submitter)),
            ("project", .string(project)), ("dataset", .string(dataset)),
            ("argv", .array(argv.map { .string($0) })), ("purpose", .string(purpose)),
            ("since", .string(since.description)), ("quorum", quorum.json),
        ])
        object["release"] = release.map { .string($0.named) }
        return .object(object)
    }
}
