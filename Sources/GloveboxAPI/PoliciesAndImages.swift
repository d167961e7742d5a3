package import GloveboxCore
internal import GloveboxJobs

/// `POST /policies`.
package struct AddPolicyRequest: APIValue {
    /// The YAML text of one policy.
    package let document: String

    /// Asks for a policy.
    package init(document: String) { self.document = document }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "policy")
        self.document = try fields.text("document", atMost: documentLimit)
        try fields.finish()
    }

    package var json: JSONValue { ["document": .string(document)] }
}

/// One registered policy.
package struct PolicySummary: APIValue {
    /// Its name.
    package let name: String
    /// Its version, counted from 1.
    package let version: Int
    /// `input`, `processing` or `output`.
    package let kind: String
    /// The digest of its canonical form.
    package let digest: Digest

    /// Describes a policy.
    package init(name: String, version: Int, kind: String, digest: Digest) {
        self.name = name
        self.version = version
        self.kind = kind
        self.digest = digest
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "policy")
        self.name = try fields.string("name")
        self.version = try fields.count("version")
        self.kind = try fields.string("kind")
        self.digest = try fields.namedDigest("digest")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "name": .string(name), "version": .integer(Int64(version)), "kind": .string(kind),
            "digest": .string(digest.named),
        ]
    }
}

/// One image that jobs may name.
package struct ImageSummary: APIValue {
    /// Its name.
    package let name: String
    /// Other names for it.
    package let aliases: [String]
    /// SHA-256 of the image file.
    package let digest: Digest
    /// Size of the image file in bytes.
    package let bytes: UInt64
    /// `erofs` or `squashfs`.
    package let format: String

    /// Describes an image.
    package init(name: String, aliases: [String], digest: Digest, bytes: UInt64, format: String) {
        self.name = name
        self.aliases = aliases
        self.digest = digest
        self.bytes = bytes
        self.format = format
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "image")
        self.name = try fields.string("name")
        self.aliases = try fields.strings("aliases")
        self.digest = try fields.namedDigest("digest")
        self.bytes = try fields.decimal("bytes")
        self.format = try fields.string("format")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "name": .string(name), "aliases": .array(aliases.map { .string($0) }), "digest": .string(digest.named),
            "bytes": .string(String(bytes)), "format": .string(format),
        ]
    }
}
