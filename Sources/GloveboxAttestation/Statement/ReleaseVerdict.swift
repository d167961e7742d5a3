package import GloveboxCore

/// A reviewer's word on a sealed release: a statement whose subject is the exact bundle.
///
/// Source: release policy section 13.2.
package struct ReleaseVerdict: Sendable {
    static let profile = "glovebox-verdict/1"

    /// What the reviewer decided.
    package enum Verdict: String, Sendable {
        case approve
        case refuse
    }

    /// The bundle, as it would leave.
    package let bundle: Digest
    /// The policy under which it was checked.
    package let policy: Digest
    /// The owner's copy of the disclosure record, which holds every check's result.
    package let evidence: Digest
    package let verdict: Verdict
    /// The reviewer's words; a refusal needs some.
    package let reason: String
    /// Account id of the reviewer.
    package let reviewer: String
    /// The reviewer's key.
    package let keyID: String
    package let time: Instant

    /// Makes a verdict; the time is cut to whole seconds.
    package init(
        bundle: Digest,
        policy: Digest,
        evidence: Digest,
        verdict: Verdict,
        reason: String,
        reviewer: String,
        keyID: String,
        time: Instant
    ) {
        (self.bundle, self.policy, self.evidence, self.verdict) = (bundle, policy, evidence, verdict)
        (self.reason, self.reviewer, self.keyID) = (reason, reviewer, keyID)
        self.time = Instant(seconds: time.seconds)
    }

    /// Makes a verdict on files that were looked at; the digests are taken of them here.
    package init(
        seen bundle: [UInt8],
        evidence: [UInt8],
        policy: Digest,
        verdict: Verdict,
        reason: String,
        reviewer: String,
        keyID: String,
        time: Instant
    ) {
        self.init(
            bundle: Hashing.sha256(bundle),
            policy: policy,
            evidence: Hashing.sha256(evidence),
            verdict: verdict,
            reason: reason,
            reviewer: reviewer,
            keyID: keyID,
            time: time
        )
    }

    /// Reads a payload strictly.
    ///
    /// The signature is not looked at here.
    ///
    /// - Throws: codes of the strict reader and of ``Statement``; `review.bundle` when the subject is not one bundle;
    ///   `schema.version`; `schema.value`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let statement = try Statement(parsing: bytes, expecting: .verdict)
        guard statement.subjects.count == 1, let subject = statement.subjects.first,
            subject.name.isSame(as: "bundle.tar")
        else { throw GloveboxError("review.bundle", "a verdict speaks about exactly one bundle.tar") }
        bundle = subject.digest
        var fields = try JSONFields(statement.predicate, at: "predicate")
        try fields.constant("profile", Self.profile, code: "schema.version")
        policy = try fields.digest("policy")
        evidence = try fields.digest("evidence")
        verdict = try fields.choice("verdict")
        reason = try fields.string("reason")
        reviewer = try fields.string("reviewer")
        keyID = try fields.digestHex("keyid").hex
        time = try fields.time("time")
        try fields.finish()
        guard reason.utf8.count <= 2000, verdict == .approve || !reason.isEmpty else {
            throw GloveboxError("schema.value", "a refusal needs a reason, and a reason has at most 2000 bytes")
        }
    }

    /// The payload bytes.
    package var bytes: [UInt8] {
        Statement(
            .verdict,
            subjects: [Subject(name: "bundle.tar", digest: bundle)],
            predicate: [
                "profile": .string(Self.profile), "policy": policy.json, "evidence": evidence.json,
                "verdict": .string(verdict.rawValue), "reason": .string(reason), "reviewer": .string(reviewer),
                "keyid": .string(keyID), "time": .string(time.text),
            ]
        ).bytes
    }
}
