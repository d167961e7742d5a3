package import GloveboxCore

/// A reviewer's word on a plan: a statement whose subject is `manifest.json`.
///
/// Source: job backend specification, section 1.3.
package struct Approval: Sendable {
    static let profile = "glovebox-approval/1"

    /// What the reviewer decided.
    package enum Decision: String, Sendable {
        case approve
        case refuse
        case revoke
    }

    /// 32 random bytes.
    package var salt: [UInt8]
    /// The plan.
    package var manifestDigest: Digest
    /// What was decided.
    package var decision: Decision
    /// Account id of the reviewer.
    package var account: String
    /// The role that the reviewer acts in: `reviewer` or `owner`.
    package var role: String
    /// The reviewer's key.
    package var keyID: String
    /// From when a run may start.
    package var notBefore: Instant
    /// Until when a run may start (exclusive).
    package var notAfter: Instant
    /// How many runs it covers.
    package var maxRuns: UInt64
    /// The plan that a difference was shown against.
    package var comparedWith: Digest?
    /// The verdict on a mock run that the reviewer saw.
    package var mockVerdict: Digest?
    /// The reviewer's words.
    package var comment: String

    /// Default validity.
    package static let defaultSeconds: Int64 = 30 * 86400

    /// Makes a decision with a fresh salt; times are cut to whole seconds.
    package init(
        of manifestDigest: Digest,
        decision: Decision,
        account: String,
        role: String = "reviewer",
        keyID: String,
        notBefore: Instant,
        notAfter: Instant? = nil,
        maxRuns: UInt64 = 1,
        comparedWith: Digest? = nil,
        mockVerdict: Digest? = nil,
        comment: String = ""
    ) {
        self.salt = Hashing.random(32)
        self.manifestDigest = manifestDigest
        self.decision = decision
        self.account = account
        self.role = role
        self.keyID = keyID
        self.notBefore = Instant(seconds: notBefore.seconds)
        self.notAfter = Instant(seconds: (notAfter ?? notBefore.adding(seconds: Self.defaultSeconds)).seconds)
        self.maxRuns = maxRuns
        self.comparedWith = comparedWith
        self.mockVerdict = mockVerdict
        self.comment = comment
    }

    /// Reads a payload strictly.
    ///
    /// The signature is not looked at here.
    ///
    /// - Throws: codes of the strict reader and of ``Statement``; `approval.manifest` when the subject is not one
    /// `manifest.json`; `schema.version`; `schema.value`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let statement = try Statement(parsing: bytes, expecting: .approval)
        guard statement.subjects.count == 1, let subject = statement.subjects.first,
            subject.name.isSame(as: "manifest.json")
        else { throw GloveboxError("approval.manifest", "an approval speaks about exactly one manifest.json") }
        self.manifestDigest = subject.digest
        var fields = try JSONFields(statement.predicate, at: "predicate")
        try fields.constant("profile", Self.profile, code: "schema.version")
        self.salt = try fields.random32("salt")
        self.decision = try fields.choice("decision")
        self.account = try fields.string("account")
        self.role = try fields.string("role")
        self.keyID = try fields.digestHex("keyid").hex
        self.notBefore = try fields.time("notBefore")
        self.notAfter = try fields.time("notAfter")
        self.maxRuns = try fields.decimal("maxRuns")
        self.comparedWith = try Self.digestOrNull(&fields, "comparedWith")
        self.mockVerdict = try Self.digestOrNull(&fields, "mockVerdict")
        self.comment = try fields.string("comment")
        try fields.finish()
        guard notBefore < notAfter, maxRuns > 0 else {
            throw GloveboxError("schema.value", "an approval covers at least one run and ends after it begins")
        }
    }

    /// The payload bytes.
    package var bytes: [UInt8] {
        Statement(
            .approval,
            subjects: [Subject(name: "manifest.json", digest: manifestDigest)],
            predicate: [
                "profile": .string(Self.profile), "salt": .string(Base64.encodeURL(salt)),
                "decision": .string(decision.rawValue), "account": .string(account), "role": .string(role),
                "keyid": .string(keyID), "notBefore": .string(notBefore.text), "notAfter": .string(notAfter.text),
                "maxRuns": .decimal(maxRuns), "comparedWith": comparedWith?.json ?? .null,
                "mockVerdict": mockVerdict?.json ?? .null, "comment": .string(comment),
            ]
        ).bytes
    }

    private static func digestOrNull(
        _ fields: inout JSONFields,
        _ name: String
    ) throws(GloveboxError) -> Digest? {
        let value = try fields.required(name)
        if value == .null { return nil }
        var nested = try JSONFields(value, at: name)
        let digest = try nested.digestHex("sha256")
        try nested.finish()
        return digest
    }
}
