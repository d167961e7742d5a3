package import GloveboxCore

/// An owner's word that a table may leave though it is near to earlier releases: a statement whose subject is the refused job with the
/// record of its refusal.
///
/// That record names the table's spec, the data's versions, the policy and the releases, so that it is good for that table
/// beside those releases and for no other. Source: release policy section 6.6.
package struct ReleaseOverride: Sendable {
    static let profile = "glovebox-release-override/1"

    /// The job that was refused.
    package var job: String
    /// SHA-256 of the owner's copy of the record of its refusal.
    package var evidence: Digest
    /// The owner's.
    package var word: OwnerWord

    /// Makes a statement.
    package init(job: String, evidence: Digest, _ word: OwnerWord) {
        (self.job, self.evidence, self.word) = (job, evidence, word)
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
        word = try OwnerWord(reading: &fields)
        try fields.finish()
    }

    /// The payload bytes.
    package var bytes: [UInt8] {
        Statement(
            .releaseOverride,
            subjects: [Subject(name: job, digest: evidence)],
            predicate: .object(JSONObject([("profile", .string(Self.profile))] + word.members))
        ).bytes
    }

    /// SHA-256 of ``bytes``: names the statement without its words.
    package var digest: Digest { Hashing.sha256(bytes) }
}
