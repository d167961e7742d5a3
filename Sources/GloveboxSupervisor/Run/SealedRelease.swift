internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs

/// A decided release that waits for people: its bytes are fixed, encrypted, and named in the log.
struct SealedRelease: Sendable {
    /// SHA-256 of the bundle as it would leave.
    let bundle: Digest
    /// SHA-256 of the owner's copy of the disclosure record: what reviewers are shown beside the bundle.
    let evidence: Digest
    /// Thousandths of a bit it will be charged with; counted while it waits, so that two that wait do not fit one room.
    let millibits: Int64
    /// The votes.
    var tally: ReviewTally
    /// The votes' envelopes, in order.
    var envelopes: [[UInt8]] = []

    init(bundle: Digest, evidence: Digest, millibits: Int64, tally: ReviewTally) {
        (self.bundle, self.evidence, self.millibits, self.tally) = (bundle, evidence, millibits, tally)
    }

    /// Reads the journal's form.
    init(json: JSONValue, requester: String) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "sealed")
        bundle = try fields.digest("bundle")
        evidence = try fields.digest("evidence")
        millibits = try fields.integer("millibits")
        tally = ReviewTally(need: Int(try fields.integer("need")), requester: requester)
        try fields.finish()
    }

    /// The journal's form.
    var json: JSONValue {
        [
            "bundle": bundle.json, "evidence": evidence.json, "millibits": .integer(millibits),
            "need": .integer(Int64(tally.need)),
        ]
    }
}

/// What a reviewed job still needs of its run; it lives in memory alone, so a restart ends the review with a refusal.
struct PendingRelease: Sendable {
    let facts: RunFacts
    var outcome: OutputDecision.Outcome
}
