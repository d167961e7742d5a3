package import GloveboxCore

/// An owner's word that a dataset shall have a ledger and a history of its own, though it has units of others: a statement whose
/// subject is the dataset's version.
///
/// It names the lineage the dataset leaves, so that it is good for one split. Source: release policy section 9.4.
package struct LineageSplit: Sendable {
    static let profile = "glovebox-lineage-split/1"

    /// The dataset.
    package var dataset: String
    /// Commitment of its version, which plans name, too.
    package var commitment: Digest
    /// The lineage that it leaves.
    package var lineage: String
    /// The owner's.
    package var word: OwnerWord

    /// Makes a statement.
    package init(dataset: String, commitment: Digest, lineage: String, _ word: OwnerWord) {
        (self.dataset, self.commitment, self.lineage, self.word) = (dataset, commitment, lineage, word)
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
        lineage = try fields.string("lineage")
        word = try OwnerWord(reading: &fields)
        try fields.finish()
    }

    /// The payload bytes.
    package var bytes: [UInt8] {
        Statement(
            .lineageSplit,
            subjects: [Subject(name: dataset, digest: commitment)],
            predicate: .object(
                JSONObject(
                    [("profile", .string(Self.profile)), ("lineage", .string(lineage))] + word.members
                )
            )
        ).bytes
    }

    /// SHA-256 of ``bytes``: names the statement without its words.
    package var digest: Digest { Hashing.sha256(bytes) }
}
