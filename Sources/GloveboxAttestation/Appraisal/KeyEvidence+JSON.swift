package import GloveboxCore

extension KeyEvidence {
    /// Reads what ``members`` writes out of an object that may have more.
    ///
    /// - Throws: `schema.*`, `base64.invalid`; nothing in it is believed yet.
    package init(reading fields: inout JSONFields) throws(GloveboxError) {
        let votes = try fields.array("votes").map { (json) throws(GloveboxError) in
            guard let bytes = json.string.flatMap(Base64.decode) else {
                throw GloveboxError("base64.invalid", "a vote is not strict base64")
            }
            return bytes
        }
        self.init(
            statement: try fields.base64("statement"),
            leaf: try fields.base64("leaf"),
            manifest: try fields.base64("manifest"),
            manifestEnvelope: try fields.base64("manifestEnvelope"),
            votes: votes,
            trust: try Self.trust(reading: &fields)
        )
    }

    /// The evidence as members of a message.
    package var members: [(String, JSONValue)] {
        func text(_ bytes: [UInt8]) -> JSONValue { .string(Base64.encode(bytes)) }
        return [
            ("statement", text(statement)), ("leaf", text(leaf)), ("manifest", text(manifest)),
            ("manifestEnvelope", text(manifestEnvelope)), ("votes", .array(votes.map(text))),
            ("trust", Self.json(trust: trust)),
        ]
    }

    /// Reads the member `trust`: files by name.
    ///
    /// - Throws: `schema.type`, `base64.invalid`.
    package static func trust(reading fields: inout JSONFields) throws(GloveboxError) -> [String: [UInt8]] {
        guard let object = try fields.required("trust").object else {
            throw GloveboxError("schema.type", "the trust files are an object")
        }
        var trust: [String: [UInt8]] = [:]
        for member in object.members {
            guard let bytes = member.value.string.flatMap(Base64.decode) else {
                throw GloveboxError("base64.invalid", "a trust file is not strict base64")
            }
            trust[member.name] = bytes
        }
        return trust
    }

    /// The member `trust`.
    package static func json(trust: [String: [UInt8]]) -> JSONValue {
        .object(JSONObject(trust.map { ($0.key, .string(Base64.encode($0.value))) }))
    }
}
