package import GloveboxCore

/// A disclosure record as the site signs it: a statement about the plan whose run was decided on.
///
/// Source: release policy section 14.
package struct DisclosureStatement: Sendable {
    static let profile = "glovebox-disclosure/1"

    /// The plan.
    package let manifestDigest: Digest
    /// The job.
    package let job: String
    /// The record.
    package let record: JSONValue

    /// States a record.
    package init(manifestDigest: Digest, job: String, record: JSONValue) {
        (self.manifestDigest, self.job, self.record) = (manifestDigest, job, record)
    }

    /// Reads a payload strictly.
    ///
    /// The signature is not looked at here.
    ///
    /// - Throws: codes of the strict reader and of ``Statement``; `schema.version`, `schema.value`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let statement = try Statement(parsing: bytes, expecting: .disclosure)
        guard statement.subjects.count == 1, let subject = statement.subjects.first,
            subject.name.isSame(as: "manifest.json")
        else { throw GloveboxError("schema.value", "a disclosure record is about exactly one manifest.json") }
        manifestDigest = subject.digest
        var fields = try JSONFields(statement.predicate, at: "predicate")
        try fields.constant("profile", Self.profile, code: "schema.version")
        job = try fields.string("job")
        record = try fields.required("record")
        try fields.finish()
    }

    /// The payload bytes.
    package var bytes: [UInt8] {
        Statement(
            .disclosure,
            subjects: [Subject(name: "manifest.json", digest: manifestDigest)],
            predicate: ["profile": .string(Self.profile), "job": .string(job), "record": record]
        ).bytes
    }
}
