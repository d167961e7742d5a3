package import GloveboxCore
internal import GloveboxPolicy

/// What was decided for one run: who pays, and to which key the data key may go.
package struct KeyGrant: Sendable, Hashable {
    /// Names the request: job, run, plan and data; see ``id(job:run:plan:commitments:)``.
    package let request: Digest
    /// The job.
    package let job: String
    /// The project that pays.
    package let project: String
    /// The plan.
    package let plan: Digest
    /// Its output policy, whose limits count.
    package let policy: Digest
    /// The site's policy that it tightens; runs are counted by it, whatever a project or a run made of it.
    package let basePolicy: Digest
    /// The start statement that was accepted.
    package let start: Digest
    /// The X25519 public key that the data key goes to.
    package let hpkeKey: [UInt8]
    /// Commitment to the data.
    package let commitment: Digest
    /// Commitments to what the plan joins to it.
    package let joined: [Digest]
    /// Version of the trust policy that the evidence was held against.
    package let trustVersion: UInt64
    /// When, by the broker's clock.
    package let time: Instant

    /// `SHA-256("glovebox-kbs-request-v1" || 00 || job || 00 || run || 00 || plan || commitment*)`.
    package static func id(job: String, run: UInt64, plan: Digest, commitments: [Digest]) -> Digest {
        let text = Array("glovebox-kbs-request-v1\0\(job)\0\(run)\0".utf8)
        return Digest(sha256: text + plan.bytes + commitments.flatMap(\.bytes))
    }

    init(
        request: Digest,
        job: String,
        project: String,
        plan: Digest,
        policy: Digest,
        basePolicy: Digest,
        start: Digest,
        hpkeKey: [UInt8],
        commitment: Digest,
        joined: [Digest] = [],
        trustVersion: UInt64,
        time: Instant
    ) {
        self.request = request
        self.job = job
        self.project = project
        self.plan = plan
        self.policy = policy
        self.basePolicy = basePolicy
        self.start = start
        self.hpkeKey = hpkeKey
        self.commitment = commitment
        self.joined = joined
        self.trustVersion = trustVersion
        self.time = time
    }

    init(_ fields: inout JSONFields) throws(GloveboxError) {
        request = try fields.digest("request")
        job = try fields.string("job")
        project = try fields.string("project")
        plan = try fields.digest("plan")
        policy = try fields.digest("policy")
        basePolicy = try fields.digest("basePolicy")
        start = try fields.digest("start")
        hpkeKey = try fields.base64("hpkeKey")
        commitment = try fields.digest("commitment")
        var joined: [Digest] = []
        for json in fields.optional("joined")?.array ?? [] {
            guard let digest = json.string.flatMap(Digest.init(hex:)) else {
                throw GloveboxError("schema.value", "a grant has no valid commitment")
            }
            joined.append(digest)
        }
        self.joined = joined
        trustVersion = try fields.decimal("trustVersion")
        guard let time = Instant(try fields.string("time")) else {
            throw GloveboxError("schema.value", "a grant has no valid time")
        }
        self.time = time
    }

    /// Reads the form of ``json``.
    ///
    /// - Throws: `schema.*`.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "grant")
        try self.init(&fields)
        try fields.finish()
    }

    /// The JSON form.
    package var json: JSONValue {
        var object = JSONObject(members)
        if !joined.isEmpty { object["joined"] = .array(joined.map { .string($0.hex) }) }
        return .object(object)
    }

    private var members: [(String, JSONValue)] {
        [
            ("request", request.json), ("job", .string(job)), ("project", .string(project)), ("plan", plan.json),
            ("policy", policy.json), ("basePolicy", basePolicy.json), ("start", start.json),
            ("hpkeKey", .string(Base64.encode(hpkeKey))), ("commitment", commitment.json),
            ("trustVersion", .string(String(trustVersion))), ("time", .string(time.description)),
        ]
    }
}
