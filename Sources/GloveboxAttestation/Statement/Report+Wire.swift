package import GloveboxCore

extension Report {
    /// The payload to sign: an in-toto statement in canonical JSON.
    ///
    /// Its first subject is `manifest.json`, then every released file by name.
    package func statement() -> [UInt8] {
        let released = outputs.released.map { Subject(name: $0.name, digest: $0.digest) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return Statement(
            .report,
            subjects: [Subject(name: "manifest.json", digest: manifestDigest)] + released,
            predicate: predicate
        ).bytes
    }

    /// The claims, without subjects.
    package var predicate: JSONValue {
        .members([
            ("profile", .string(Self.profile)), ("salt", .string(Base64.encodeURL(salt))),
            ("nonce", .string(Base64.encodeURL(nonce))), ("jobId", .string(jobID)), ("run", .decimal(run)),
            ("manifestDigest", manifestDigest.json), ("coreDigest", coreDigest.json),
            ("submission", .string(submission.rawValue)), ("previousReport", previousReport.json),
            ("startStatement", startStatement?.json), ("outcome", .string(outcome.rawValue)),
            ("assurance", assurance.json), ("attester", attester.json), ("node", node.map { .string($0) }),
            ("jail", jail.json), ("rootfs", rootfs.json), ("code", code.json), ("invocation", invocation.json),
            ("inputs", .list(inputs)),
            ("policies", policies.json), ("approvals", .list(approvals)), ("approvalQuorum", approvalQuorum.json),
            ("outputs", outputs.json), ("privacy", privacy?.json), ("usage", usage.json), ("time", time.json),
            ("keyRelease", keyRelease.map { KeyRelease(logIndex: $0, binding: keyBinding).json }), ("log", log.json),
            ("quote", quote?.json),
        ])
    }

    /// Reads a predicate strictly.
    ///
    /// - Throws: codes of the strict reader; `schema.version`; `schema.value`; `nonce.encoding`; `output.leak`.
    package init(predicate: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(predicate, at: "predicate")
        try fields.constant("profile", Self.profile, code: "schema.version")
        self.salt = try fields.random32("salt")
        guard let nonce = Base64.decodeURL(try fields.string("nonce")), nonce.count == 32 else {
            throw GloveboxError("nonce.encoding", "the nonce must be 32 bytes in base64url")
        }
        self.nonce = nonce
        self.jobID = try fields.string("jobId")
        self.run = try fields.decimal("run")
        self.manifestDigest = try fields.digest("manifestDigest")
        self.coreDigest = try fields.digest("coreDigest")
        self.submission = try fields.choice("submission")
        self.previousReport = try fields.digest("previousReport")
        self.startStatement = try fields.optionalDigest("startStatement")
        self.outcome = try fields.choice("outcome")
        self.assurance = try fields.object("assurance")
        self.attester = try fields.object("attester")
        self.node = try fields.optionalString("node")
        guard node.map(Identifier.isHostLabel) ?? true else {
            throw GloveboxError("schema.value", "predicate.node is no name of a node")
        }
        self.jail = try fields.object("jail")
        self.rootfs = try fields.object("rootfs")
        self.code = try fields.object("code")
        self.invocation = try fields.object("invocation")
        self.inputs = try fields.list("inputs")
        self.policies = try fields.object("policies")
        self.approvals = try fields.list("approvals")
        self.approvalQuorum = try fields.object("approvalQuorum")
        self.outputs = try fields.object("outputs")
        self.privacy = try fields.optionalObject("privacy")
        self.usage = try fields.object("usage")
        self.time = try fields.object("time")
        let release: KeyRelease? = try fields.optionalObject("keyRelease")
        self.keyRelease = release?.logIndex
        self.keyBinding = release?.binding
        self.log = try fields.object("log")
        self.quote = try fields.optionalObject("quote")
        try fields.finish()
    }
}
