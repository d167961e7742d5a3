package import GloveboxCore

/// A reviewer's word on a sealed release: a statement whose subject is the bundle.
///
/// Another bundle, policy or evidence voids it. Source: release policy section 13.2.
package struct ReleaseVerdict: Sendable {
    static let profile = "glovebox-verdict/1"

    /// What the reviewer decided.
    package enum Decision: String, Sendable {
        case approve
        /// The researcher is to answer, or to leave files out, before anybody decides.
        case sendBack = "return"
        case refuse
    }

    /// 32 random bytes.
    package var salt: [UInt8]
    /// SHA-256 of the bundle as it would leave.
    package var bundle: Digest
    /// The merged output policy.
    package var policy: Digest
    /// SHA-256 of what the reviewer was shown beside the bundle: the owner's copy of the disclosure record.
    package var evidence: Digest
    /// What was decided.
    package var decision: Decision
    /// Account id of the reviewer.
    package var account: String
    /// The role that the reviewer acts in: `reviewer` or `owner`.
    package var role: String
    /// The reviewer's key.
    package var keyID: String
    /// When, in whole seconds.
    package var time: Instant
    /// Why.
    package var reason: String

    /// Makes a verdict with a fresh salt.
    package init(
        bundle: Digest,
        policy: Digest,
        evidence: Digest,
        decision: Decision,
        account: String,
        role: String = "reviewer",
        keyID: String,
        time: Instant,
        reason: String
    ) {
        salt = Hashing.random(32)
        (self.bundle, self.policy, self.evidence, self.decision) = (bundle, policy, evidence, decision)
        (self.account, self.role, self.keyID, self.reason) = (account, role, keyID, reason)
        self.time = Instant(seconds: time.seconds)
    }

    /// Reads a payload strictly.
    ///
    /// The signature is not looked at here.
    ///
    /// - Throws: codes of the strict reader and of ``Statement``; `schema.version`, `schema.value`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let statement = try Statement(parsing: bytes, expecting: .verdict)
        guard statement.subjects.count == 1, let subject = statement.subjects.first,
            subject.name.isSame(as: "bundle.tar")
        else { throw GloveboxError("schema.value", "a verdict speaks about exactly one bundle.tar") }
        bundle = subject.digest
        var fields = try JSONFields(statement.predicate, at: "predicate")
        try fields.constant("profile", Self.profile, code: "schema.version")
        salt = try fields.random32("salt")
        policy = try fields.digest("policy")
        evidence = try fields.digest("evidence")
        decision = try fields.choice("verdict")
        account = try fields.string("reviewer")
        role = try fields.string("role")
        keyID = try fields.digestHex("keyid").hex
        time = try fields.time("time")
        reason = try fields.string("reason")
        try fields.finish()
    }

    /// The payload bytes.
    package var bytes: [UInt8] {
        Statement(
            .verdict,
            subjects: [Subject(name: "bundle.tar", digest: bundle)],
            predicate: [
                "profile": .string(Self.profile), "salt": .string(Base64.encodeURL(salt)), "policy": policy.json,
                "evidence": evidence.json, "verdict": .string(decision.rawValue), "reviewer": .string(account),
                "role": .string(role), "keyid": .string(keyID), "time": .string(time.text), "reason": .string(reason),
            ]
        ).bytes
    }
}
