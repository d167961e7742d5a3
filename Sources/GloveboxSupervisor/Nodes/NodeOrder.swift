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
        var shown = try fields.nested("evidence")
        evidence = try KeyEvidence(reading: &shown)
        try shown.finish()
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
            "nonce": nonce.json, "evidence": evidenceJSON, "jail": jail, "hasInput": .bool(hasInput),
            "image": ["format": .string(image.format), "bytes": .integer(Int64(clamping: image.bytes))],
        ]
    }

    private var evidenceJSON: JSONValue { .object(JSONObject(evidence.members)) }

    /// Names all that proves the run.
    var evidenceDigest: Digest { Machine.sha256(CanonicalJSON.encode(evidenceJSON)) }

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
