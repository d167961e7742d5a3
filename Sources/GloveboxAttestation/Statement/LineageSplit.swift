package import GloveboxCore

/// An owner's word that a dataset shall have a ledger and a history of its own, though it has units of others: a statement whose
/// subject is the dataset's version.
///
/// It names the lineage the dataset leaves, so that it is good for one split. Source: release policy section 9.4.
package struct LineageSplit: Sendable {
    static let profile = "glovebox-lineage-split/1"

    /// 32 random bytes.
    package var salt: [UInt8]
    /// The dataset.
    package var dataset: String
    /// Commitment of its version, which plans name, too.
    package var commitment: Digest
    /// The lineage that it leaves.
    package var lineage: String
    /// Account id of the owner.
    package var account: String
    /// The owner's key.
    package var keyID: String
    /// When, in whole seconds.
    package var time: Instant
    /// Why; both owners give the same reason.
    package var reason: String

    /// Makes a statement with a fresh salt.
    package init(
        dataset: String,
        commitment: Digest,
        lineage: String,
        account: String,
        keyID: String,
        time: Instant,
        reason: String
    ) {
        salt = Hashing.random(32)
        (self.dataset, self.commitment, self.lineage) = (dataset, commitment, lineage)
        (self.account, self.keyID, self.reason) = (account, keyID, reason)
        self.time = Instant(seconds: time.seconds)
    }

    /// Reads a payload strictly.
    ///
    /// The signature is not looked at here.
    ///
    /// - Throws: codes of the strict reader and of ``Statement``; `schema.version`, `schema.value`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let statement = try Statement(parsing: bytes, expecting: .lineageSplit)
        guard statement.subjects.count == 1, let subject = statement.subjects.first else {
            throw GloveboxError("schema.value", "a split speaks about exactly one dataset")
        }
        (dataset, commitment) = (subject.name, subject.digest)
        var fields = try JSONFields(statement.predicate, at: "predicate")
        try fields.constant("profile", Self.profile, code: "schema.version")
        salt = try fields.random32("salt")
        lineage = try fields.string("lineage")
        account = try fields.string("owner")
        keyID = try fields.digestHex("keyid").hex
        time = try fields.time("time")
        reason = try fields.string("reason")
        try fields.finish()
    }

    /// The payload bytes.
    package var bytes: [UInt8] {
        Statement(
            .lineageSplit,
            subjects: [Subject(name: dataset, digest: commitment)],
            predicate: [
                "profile": .string(Self.profile), "salt": .string(Base64.encodeURL(salt)),
                "lineage": .string(lineage), "owner": .string(account), "keyid": .string(keyID),
                "time": .string(time.text), "reason": .string(reason),
            ]
        ).bytes
    }

    /// SHA-256 of ``bytes``: names the statement without its words.
    package var digest: Digest { Hashing.sha256(bytes) }
}
