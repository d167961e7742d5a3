internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs

/// A release that is decided, or waits for people: its bytes are fixed, encrypted, and named in the log.
struct SealedRelease: Sendable {
    /// SHA-256 of the bundle as it would leave.
    let bundle: Digest
    /// SHA-256 of the owner's copy of the disclosure record: what reviewers are shown beside the bundle.
    let evidence: Digest
    /// SHA-256 of everything that is kept for the decision; nil from versions that kept it in memory alone.
    let contents: Digest?
    /// Thousandths of a bit it will be charged with; counted while it waits, so that two that wait do not fit one room.
    let millibits: Int64
    /// What the event of the approval keeps for later; null for most.
    let approval: JSONValue
    /// The votes; nobody has one on a release that leaves by itself.
    var tally: ReviewTally
    /// The votes' envelopes, in order.
    var envelopes: [[UInt8]] = []

    init(
        bundle: Digest,
        evidence: Digest,
        contents: Digest,
        millibits: Int64,
        approval: JSONValue,
        tally: ReviewTally
    ) {
        (self.bundle, self.evidence, self.contents) = (bundle, evidence, contents)
        (self.millibits, self.approval, self.tally) = (millibits, approval, tally)
    }

    /// Reads the journal's form.
    init(json: JSONValue, requester: String) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "sealed")
        bundle = try fields.digest("bundle")
        evidence = try fields.digest("evidence")
        contents = try fields.optional("contents").map { (json) throws(GloveboxError) in
            guard let digest = json.string.flatMap(Digest.init(hex:)) else {
                throw GloveboxError("schema.type", "sealed.contents must be a SHA-256 digest")
            }
            return digest
        }
        millibits = try fields.integer("millibits")
        approval = fields.optional("approval") ?? .null
        tally = ReviewTally(need: Int(try fields.integer("need")), requester: requester)
        try fields.finish()
    }

    /// The journal's form.
    var json: JSONValue {
        var json = JSONObject([
            ("bundle", bundle.json), ("evidence", evidence.json), ("millibits", .integer(millibits)),
            ("need", .integer(Int64(tally.need))),
        ])
        json["contents"] = contents.map { .string($0.hex) }
        if approval != .null { json["approval"] = approval }
        return .object(json)
    }
}
