package import GloveboxCore
internal import GloveboxJobs

/// `POST /policies`.
package struct AddPolicyRequest: APIValue {
    /// What a policy below the site's tightens, and for whom.
    package struct Place: Hashable, Sendable {
        /// Whom a policy below the site's speaks for.
        package enum Level: String, Hashable, Sendable {
            case dataset
            case project
        }

        /// The output policy, or for an input policy the dataset, that is tightened.
        package let below: String
        /// Whom it speaks for.
        package let level: Level
        /// The dataset or project.
        package let subject: String

        /// Names a place.
        package init(below: String, level: Level, subject: String) {
            (self.below, self.level, self.subject) = (below, level, subject)
        }
    }

    /// The YAML text of one policy.
    package let document: String
    /// What it tightens; nil for a policy of the site.
    package let place: Place?

    /// Asks for a policy.
    package init(document: String, place: Place? = nil) { (self.document, self.place) = (document, place) }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "policy")
        self.document = try fields.text("document", atMost: documentLimit)
        self.place = try fields.optional("place").map { (json) throws(GloveboxError) in
            var fields = try JSONFields(json, at: "policy.place")
            guard let level = Place.Level(rawValue: try fields.string("level")) else {
                throw GloveboxError("request.invalid", "level must be dataset or project")
            }
            let place = Place(below: try fields.name("below"), level: level, subject: try fields.name("subject"))
            try fields.finish()
            return place
        }
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([("document", .string(document))])
        object["place"] = place.map {
            [
                "below": .string($0.below), "level": .string($0.level.rawValue), "subject": .string($0.subject),
            ]
        }
        return .object(object)
    }
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
