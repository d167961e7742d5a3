package import GloveboxCore
internal import GloveboxJobs

extension JSONFields {
    /// Takes an array of API values.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`, and what reading an element throws.
    package mutating func values<Value: APIValue>(_ name: String) throws(GloveboxError) -> [Value] {
        var out: [Value] = []
        for element in try array(name) { out.append(try Value(json: element)) }
        return out
    }

    /// Takes a count written as a decimal string, `0` or `[1-9][0-9]*`.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func decimal(_ name: String) throws(GloveboxError) -> UInt64 {
        try Self.decimal(try string(name), name)
    }

    /// Takes a count that may be missing, written as a decimal string.
    ///
    /// - Throws: `schema.type`.
    package mutating func optionalDecimal(_ name: String) throws(GloveboxError) -> UInt64? {
        guard let text = try optionalString(name) else { return nil }
        return try Self.decimal(text, name)
    }

    /// Takes a digest written as `sha256:<hex>`.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func namedDigest(_ name: String) throws(GloveboxError) -> Digest {
        try Digest(reading: try string(name), at: name)
    }

    /// Takes a digest that may be missing, written as `sha256:<hex>`.
    ///
    /// - Throws: `schema.type`.
    package mutating func optionalNamedDigest(_ name: String) throws(GloveboxError) -> Digest? {
        guard let text = try optionalString(name) else { return nil }
        return try Digest(reading: text, at: name)
    }

    /// Takes bytes written in padded base64.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func base64(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard let bytes = Base64.decode(try string(name)) else {
            throw GloveboxError("schema.type", "\(name) must be base64 with padding")
        }
        return bytes
    }

    /// Takes a registered name, `[a-z0-9][a-z0-9._-]{0,62}`.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func name(_ name: String) throws(GloveboxError) -> String {
        try Self.checkName(try string(name), name)
    }

    /// Takes text of at most so many bytes.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`, `limit.exceeded`.
    package mutating func text(_ name: String, atMost limit: Int) throws(GloveboxError) -> String {
        let text = try string(name)
        guard text.utf8.count <= limit else {
            throw GloveboxError("limit.exceeded", "\(name) is longer than \(limit) bytes")
        }
        return text
    }

    /// Checks a registered name.
    ///
    /// - Throws: `schema.type`.
    package static func checkName(_ text: String, _ place: String) throws(GloveboxError) -> String {
        guard Identifier.isName(text) else {
            throw GloveboxError(
                "schema.type",
                "\(place) is no valid name: \(Display.escape(text))",
                hint: "A name begins with a-z or 0-9; then come at most 62 of a-z, 0-9, '.', '_' and '-'."
            )
        }
        return text
    }

    private static func decimal(_ text: String, _ name: String) throws(GloveboxError) -> UInt64 {
        guard let number = UInt64(text), String(number).utf8.elementsEqual(text.utf8) else {
            throw GloveboxError("schema.type", "\(name) must be a decimal string")
        }
        return number
    }
}
