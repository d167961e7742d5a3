package import GloveboxCore

/// An owner's word that a table may leave though it is near to earlier releases: a statement whose subject is the refused job with the
/// record of its refusal.
///
/// That record names the table's spec, the data's versions, the policy and the releases, so that it is good for that table
/// beside those releases and for no other. Source: release policy section 6.6.
package struct ReleaseOverride: Sendable {
    static let profile = "glovebox-release-override/1"

    /// 32 random bytes.
    package var salt: [UInt8]
    /// The job that was refused.
    package var job: String
    /// SHA-256 of the owner's copy of the record of its refusal.
    package var evidence: Digest
    /// Account id of the owner.
    package var account: String
    /// The owner's key.
    package var keyID: String
    /// When, in whole seconds.
    package var time: Instant
    /// Why; both owners give the same reason.
    package var reason: String

    /// Makes a statement with a fresh salt.
    package init(job: String, evidence: Digest, account: String, keyID: String, time: Instant, reason: String) {
        salt = Hashing.random(32)
        (self.job, self.evidence, self.account) = (job, evidence, account)
        (self.keyID, self.reason) = (keyID, reason)
        self.time = Instant(seconds: time.seconds)
    }

    /// Reads a payload strictly.
    ///
    /// The signature is not looked at here.
    ///
    /// - Throws: codes of the strict reader and of ``Statement``; `schema.version`, `schema.value`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let statement = try Statement(parsing: bytes, expecting: .releaseOverride)
        guard statement.subjects.count == 1, let subject = statement.subjects.first else {
            throw GloveboxError("schema.value", "an override speaks about exactly one refusal")
        }
        (job, evidence) = (subject.name, subject.digest)
        var fields = try JSONFields(statement.predicate, at: "predicate")
        try fields.constant("profile", Self.profile, code: "schema.version")
        salt = try fields.random32("salt")
        account = try fields.string("owner")
        keyID = try fields.digestHex("keyid").hex
        time = try fields.time("time")
        reason = try fields.string("reason")
        try fields.finish()
        guard reason.utf8.contains(where: { $0 > 0x20 }), reason.utf8.count <= 4096 else {
            throw GloveboxError("schema.value", "an override has a reason of at most 4096 bytes")
        }
    }

    /// The payload bytes.
    package var bytes: [UInt8] {
        Statement(
            .releaseOverride,
            subjects: [Subject(name: job, digest: evidence)],
            predicate: [
                "profile": .string(Self.profile), "salt": .string(Base64.encodeURL(salt)),
                "owner": .string(account), "keyid": .string(keyID), "time": .string(time.text),
                "reason": .string(reason),
            ]
        ).bytes
    }

    /// SHA-256 of ``bytes``: names the statement without its words.
    package var digest: Digest { Hashing.sha256(bytes) }
}
