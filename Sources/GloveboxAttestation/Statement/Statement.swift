package import GloveboxCore

/// The kinds of statement.
///
/// The whole text is compared; the host is a constant of the product.
package enum PredicateType: String, Sendable, CaseIterable {
    case manifest = "https://glovebox.example/attestation/manifest/v1"
    case approval = "https://glovebox.example/attestation/approval/v1"
    case verdict = "https://glovebox.example/attestation/verdict/v1"
    case lineageSplit = "https://glovebox.example/attestation/lineage-split/v1"
    case releaseOverride = "https://glovebox.example/attestation/release-override/v1"
    case disclosure = "https://glovebox.example/attestation/disclosure/v1"
    case start = "https://glovebox.example/attestation/start/v1"
    case report = "https://glovebox.example/attestation/job/v1"
    case verificationSummary = "https://slsa.dev/verification_summary/v1"
}

/// What a statement speaks about: a name and a SHA-256.
package struct Subject: Sendable, Wire {
    /// The name, such as `manifest.json` or `outputs/table.csv`.
    package let name: String
    /// SHA-256 of the bytes.
    package let digest: Digest

    /// Makes a subject.
    package init(name: String, digest: Digest) {
        self.name = name
        self.digest = digest
    }

    var json: JSONValue { ["digest": digest.json, "name": .string(name)] }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.name = try fields.string("name")
        self.digest = try fields.digest("digest")
    }
}

/// An in-toto statement in canonical JSON.
///
/// Source: in-toto Statement v1; attestation specification, section 4.
package struct Statement: Sendable {
    private static let type = "https://in-toto.io/Statement/v1"
    /// Which predicate it carries.
    package let predicateType: PredicateType
    /// At least one subject.
    package let subjects: [Subject]
    /// The claims.
    package let predicate: JSONValue

    /// Makes a statement.
    package init(_ predicateType: PredicateType, subjects: [Subject], predicate: JSONValue) {
        self.predicateType = predicateType
        self.subjects = subjects
        self.predicate = predicate
    }

    /// Reads a payload of the expected kind.
    ///
    /// - Throws: codes of the strict reader, `json.not-canonical`, `statement.type`, `statement.predicate-type`,
    ///   `statement.no-subject`.
    package init(parsing bytes: [UInt8], expecting kind: PredicateType) throws(GloveboxError) {
        try self.init(reading: JSONReader.readCanonical(bytes), expecting: kind)
    }

    /// Reads a payload that was canonical.
    ///
    /// - Throws: as ``init(parsing:expecting:)``.
    init(reading payload: JSONValue, expecting kind: PredicateType) throws(GloveboxError) {
        var fields = try JSONFields(payload, at: "statement")
        try fields.constant("_type", Self.type, code: "statement.type")
        try fields.constant("predicateType", kind.rawValue, code: "statement.predicate-type")
        let subjects: [Subject] = try fields.list("subject")
        self.init(kind, subjects: subjects, predicate: try fields.required("predicate"))
        try fields.finish()
        guard !subjects.isEmpty else { throw GloveboxError("statement.no-subject", "the statement has no subject") }
    }

    /// The payload bytes (RFC 8785).
    package var bytes: [UInt8] {
        CanonicalJSON.encode([
            "_type": .string(Self.type), "predicateType": .string(predicateType.rawValue),
            "subject": .list(subjects), "predicate": predicate,
        ])
    }
}
