internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail

/// One jail that a node is to run, with what proves that it may: the signed start statement of the run, the plan in its
/// submitter's envelope, the votes, and the site's trust files.
struct NodeOrder {
    /// Drawn for this order.
    let nonce: Digest
    let evidence: KeyEvidence
    /// The image's format and size; its digest stands in the plan.
    let image: (format: String, bytes: UInt64)
    /// The jail, as ``JailSpecification/json``.
    let jail: JSONValue
    /// Whether a standard input is to follow.
    let hasInput: Bool

    init(
        nonce: Digest,
        evidence: KeyEvidence,
        image: (format: String, bytes: UInt64),
        jail: JSONValue,
        hasInput: Bool
    ) {
        (self.nonce, self.evidence, self.image) = (nonce, evidence, image)
        (self.jail, self.hasInput) = (jail, hasInput)
    }

    /// Reads one strictly; nothing in it is believed yet.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "order")
        nonce = try fields.digest("nonce")
        evidence = try KeyEvidence(json: fields.required("evidence"))
        var image = try fields.nested("image")
        let (format, bytes) = (try image.string("format"), try image.integer("bytes"))
        try image.finish()
        guard let bytes = UInt64(exactly: bytes) else { throw GloveboxError("schema.value", "order.image.bytes") }
        self.image = (format, bytes)
        jail = try fields.required("jail")
        hasInput = try fields.bool("hasInput")
        try fields.finish()
    }

    var json: JSONValue {
        [
            "nonce": nonce.json, "evidence": evidence.json, "jail": jail, "hasInput": .bool(hasInput),
            "image": ["format": .string(image.format), "bytes": .integer(Int64(clamping: image.bytes))],
        ]
    }

    /// Names all that proves the run.
    var evidenceDigest: Digest { Machine.sha256(CanonicalJSON.encode(evidence.json)) }

    /// What a node's statement names the order by.
    var digest: Digest { Machine.sha256(CanonicalJSON.encode(json)) }

    /// The jail, once it is the one that the plan describes: everything that a plan says of a jail must be what it says.
    ///
    /// - Throws: `worker.order`, and what describes no jail.
    func specification(under plan: Manifest, root: JailSpecification.Root) throws(GloveboxError) -> JailSpecification {
        let given = try JailSpecification(json: jail, root: root)
        var isPlanned = false
        for executor in plan.core.executors where !isPlanned {
            var planned = given
            try JobJail.apply(plan.core, executor, to: &planned)
            isPlanned = CanonicalJSON.encode(planned.json) == CanonicalJSON.encode(jail)
        }
        guard isPlanned else { throw Self.refused("the jail is not the one that the plan describes") }
        let data = plan.inputs.map(\.mount)
        let (shown, own) = (given.staged.filter { !$0.isWritable }.map(\.path), given.staged.filter(\.isWritable))
        guard shown == [TaskLayout.code] + data, own.isEmpty || data.isEmpty, own.count <= TaskLayout.most else {
            throw Self.refused("the jail has other directories than the plan's code and data")
        }
        for staged in own { try TaskLayout.check(staged.path) }
        return given
    }

    /// What a node says of an order that it does not carry out.
    static func refused(_ why: String) -> GloveboxError { GloveboxError("worker.order", why) }
}

extension KeyEvidence {
    fileprivate init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "order.evidence")
        var trust: [String: [UInt8]] = [:]
        for file in try NamedFilesText.read(fields.required("trust")) { trust[file.0] = file.1 }
        let votes = try fields.array("votes").map { (json) throws(GloveboxError) in
            guard let bytes = json.string.flatMap({ Base64.decode($0) }) else {
                throw GloveboxError("base64.invalid", "order.evidence.votes is a list of envelopes")
            }
            return bytes
        }
        self.init(
            statement: try fields.base64("statement"),
            leaf: try fields.base64("leaf"),
            manifest: try fields.base64("manifest"),
            manifestEnvelope: try fields.base64("manifestEnvelope"),
            votes: votes,
            trust: trust
        )
        try fields.finish()
    }

    fileprivate var json: JSONValue {
        func text(_ bytes: [UInt8]) -> JSONValue { .string(Base64.encode(bytes)) }
        return [
            "statement": text(statement), "leaf": text(leaf), "manifest": text(manifest),
            "manifestEnvelope": text(manifestEnvelope), "votes": .array(votes.map(text)),
            "trust": .object(JSONObject(trust.sorted { $0.key < $1.key }.map { ($0.key, text($0.value)) })),
        ]
    }
}

/// Files in an object, by name.
private enum NamedFilesText {
    static func read(_ json: JSONValue) throws(GloveboxError) -> [(String, [UInt8])] {
        guard let object = json.object else { throw GloveboxError("schema.type", "order.evidence.trust is an object") }
        return try object.members.map { (member) throws(GloveboxError) in
            guard let bytes = member.value.string.flatMap({ Base64.decode($0) }) else {
                throw GloveboxError("base64.invalid", "order.evidence.trust has files alone")
            }
            return (member.name, bytes)
        }
    }
}
