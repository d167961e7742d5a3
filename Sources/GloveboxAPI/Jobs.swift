package import GloveboxCore
package import GloveboxJobs

/// `POST /jobs`.
package struct SubmitJobRequest: APIValue {
    /// The plan to run.
    package let planDigest: Digest
    /// The manifest in a DSSE envelope signed by the researcher, as JSON text.
    package let envelope: String
    /// 32 bytes that the report must carry, or nil for SHA-256 of the manifest.
    package let nonce: [UInt8]?
    /// The in-toto link of this step in its envelope, as JSON text; nil from a client that makes none.
    package let link: String?
    /// Whether the report is wanted as CWT and JWT, too.
    package let wantsTokens: Bool

    /// Asks for a job.
    package init(
        planDigest: Digest,
        envelope: String,
        nonce: [UInt8]? = nil,
        link: String? = nil,
        wantsTokens: Bool = false
    ) {
        self.wantsTokens = wantsTokens
        self.planDigest = planDigest
        self.envelope = envelope
        self.nonce = nonce
        self.link = link
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "job")
        self.planDigest = try fields.namedDigest("plan_digest")
        self.envelope = try fields.string("envelope")
        if let text = try fields.optionalString("nonce") {
            guard let bytes = Base64.decodeURL(text), bytes.count == 32 else {
                throw GloveboxError("schema.type", "nonce must be 32 bytes in base64url without padding")
            }
            self.nonce = bytes
        } else {
            self.nonce = nil
        }
        self.link = try fields.optionalString("link")
        let eat = fields.optional("eat")
        guard eat == nil || eat?.bool != nil else { throw GloveboxError("schema.type", "eat must be true or false") }
        self.wantsTokens = eat?.bool ?? false
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([
            ("plan_digest", .string(planDigest.named)), ("envelope", .string(envelope)),
        ])
        object["nonce"] = nonce.map { .string(Base64.encodeURL($0)) }
        object["eat"] = wantsTokens ? .bool(true) : nil
        object["link"] = link.map { .string($0) }
        return .object(object)
    }
}

/// One run of a job, as far as the reader may know it.
package struct RunInfo: APIValue {
    /// Counted from 1.
    package let number: Int
    /// The executor, such as `local`.
    package let executor: String
    /// When the code began; nil before, or when it may not be told.
    package let started: Instant?
    /// When it ended; nil before, or when it may not be told.
    package let ended: Instant?
    /// How it ended; nil before, or when it may not be told.
    package let exit: ExitClass?

    /// Describes a run.
    package init(number: Int, executor: String, started: Instant?, ended: Instant?, exit: ExitClass?) {
        self.number = number
        self.executor = executor
        self.started = started
        self.ended = ended
        self.exit = exit
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "run")
        self.number = try fields.count("n")
        self.executor = try fields.string("executor")
        self.started = try fields.optionalInstant("started")
        self.ended = try fields.optionalInstant("ended")
        self.exit = if let value = fields.optional("exit") { try ExitClass(json: value) } else { nil }
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([("n", .integer(Int64(number))), ("executor", .string(executor))])
        object["started"] = started.map { .string($0.description) }
        object["ended"] = ended.map { .string($0.description) }
        object["exit"] = exit?.json
        return .object(object)
    }
}
