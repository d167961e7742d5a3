/// Takes the members of an object one by one and refuses what is left over: an unknown member is never ignored.
package struct JSONFields {
    private var left: JSONObject
    private let path: String

    /// Starts on an object.
    ///
    /// `path` says where the object stands, for errors (`predicate.core`).
    ///
    /// - Throws: `schema.type` when the value is no object.
    package init(_ value: JSONValue, at path: String) throws(GloveboxError) {
        guard let object = value.object else {
            throw GloveboxError("schema.type", "\(path) must be an object")
        }
        self.left = object
        self.path = path
    }

    /// Takes a member that may be missing.
    package mutating func optional(_ name: String) -> JSONValue? {
        defer { left[name] = nil }
        return left[name]
    }

    /// Takes a member that must be there.
    ///
    /// - Throws: `schema.missing-field`.
    package mutating func required(_ name: String) throws(GloveboxError) -> JSONValue {
        guard let value = optional(name) else {
            throw GloveboxError("schema.missing-field", "\(path).\(name) is missing")
        }
        return value
    }

    /// Takes a string member.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func string(_ name: String) throws(GloveboxError) -> String {
        guard let text = try required(name).string else { throw wrongType(name, "a string") }
        return text
    }

    /// Takes an array member.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func array(_ name: String) throws(GloveboxError) -> [JSONValue] {
        guard let elements = try required(name).array else { throw wrongType(name, "an array") }
        return elements
    }

    /// Takes a truth value.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func bool(_ name: String) throws(GloveboxError) -> Bool {
        guard let flag = try required(name).bool else { throw wrongType(name, "true or false") }
        return flag
    }

    /// Takes an integer member.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func integer(_ name: String) throws(GloveboxError) -> Int64 {
        guard let number = try required(name).integer else { throw wrongType(name, "an integer") }
        return number
    }

    /// Takes a member `{"sha256": "<hex>"}`.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`, `schema.unknown-field`.
    package mutating func digest(_ name: String) throws(GloveboxError) -> Digest {
        var fields = try nested(name)
        guard let digest = Digest(hex: try fields.string("sha256")) else {
            throw wrongType(name, "a SHA-256 digest")
        }
        try fields.finish()
        return digest
    }

    /// Takes a member that is an object, to be read in turn.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func nested(_ name: String) throws(GloveboxError) -> JSONFields {
        try JSONFields(required(name), at: "\(path).\(name)")
    }

    /// Ends the reading.
    ///
    /// - Throws: `schema.unknown-field` naming every member that nobody took.
    package func finish() throws(GloveboxError) {
        guard left.members.isEmpty else {
            throw GloveboxError(
                "schema.unknown-field",
                "\(path) has unknown members: \(left.names.map(Display.escape).joined(separator: ", "))"
            )
        }
    }

    private func wrongType(_ name: String, _ what: String) -> GloveboxError {
        GloveboxError("schema.type", "\(path).\(name) must be \(what)")
    }
}

extension Digest {
    /// `{"sha256": "<hex>"}`, the digest set of in-toto.
    package var json: JSONValue { ["sha256": .string(hex)] }
}
