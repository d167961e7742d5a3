package import GloveboxCore

/// What every document has: a kind, a name and version, and one canonical form whose digest is its identity.
package struct PolicyDocument: Hashable, Sendable {
    /// `metadata.name`.
    package let name: String
    /// `metadata.version`, from 1.
    package let version: Int64
    /// The document with every default filled in.
    package let canonical: JSONValue
    /// SHA-256 of the canonical bytes; written `sha256:<hex>`, it is the document.
    package let digest: Digest

    /// The canonical bytes.
    package var bytes: [UInt8] { CanonicalJSON.encode(canonical) }

    /// Name and version, read before the rest of the document.
    struct Metadata: DocumentSection {
        let name: String
        let version: Int64

        init(_ fields: inout DocumentFields) throws(GloveboxError) {
            name = try fields.text("name")
            guard (1...40).contains(name.utf8.count),
                name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
            else { throw fields.wrongValue("name", "must be 1 to 40 of a-z, 0-9 and -") }
            version = try fields.integer("version", 1...1_000_000)
        }
    }

    /// Opens a document: the envelope here, the other keys by the caller.
    ///
    /// - Throws: `document.*`.
    static func open(_ value: JSONValue, kind: String) throws(GloveboxError) -> (DocumentFields, Metadata) {
        var fields = try DocumentFields(value, kind: kind)
        guard let metadata = try fields.section("metadata", as: Metadata.self) else { throw fields.missing("metadata") }
        return (fields, metadata)
    }

    /// Closes a document whose keys are all taken.
    ///
    /// - Throws: `document.unknown-key`.
    init(_ metadata: Metadata, closing fields: DocumentFields) throws(GloveboxError) {
        name = metadata.name
        version = metadata.version
        canonical = try fields.finish()
        digest = Digest(sha256: CanonicalJSON.encode(canonical))
    }
}
