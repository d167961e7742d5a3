package import GloveboxCore

extension JSONFields {
    /// Takes an array of strings.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func strings(_ name: String) throws(GloveboxError) -> [String] {
        var out: [String] = []
        for value in try array(name) {
            guard let text = value.string else {
                throw GloveboxError("schema.type", "\(name) must be an array of strings")
            }
            out.append(text)
        }
        return out
    }

    /// Takes a string that names a case.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func choice<Choice: RawRepresentable<String>>(
        _ name: String
    ) throws(GloveboxError) -> Choice {
        let text = try string(name)
        guard let choice = Choice(rawValue: text) else {
            throw GloveboxError("schema.type", "\(name) has an unknown value: \(Display.escape(text))")
        }
        return choice
    }

    /// Takes a digest written `sha256:<hex>`.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func namedDigest(_ name: String) throws(GloveboxError) -> Digest {
        try Digest(reading: try string(name), at: name)
    }

    /// Takes an integer member between 0 and 2^31 - 1.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func count(_ name: String) throws(GloveboxError) -> Int {
        let number = try integer(name)
        guard (0...Int64(Int32.max)).contains(number) else {
            throw GloveboxError("schema.type", "\(name) must be a count")
        }
        return Int(number)
    }

    /// Takes a string that may be missing or null.
    ///
    /// - Throws: `schema.type`.
    package mutating func optionalString(_ name: String) throws(GloveboxError) -> String? {
        switch optional(name) {
        case nil, .some(.null): return nil
        case .some(.string(let text)): return text
        case .some: throw GloveboxError("schema.type", "\(name) must be a string")
        }
    }

    /// Takes a time.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func instant(_ name: String) throws(GloveboxError) -> Instant {
        try Instant(reading: try string(name), at: name)
    }

    /// Takes a time that may be missing or null.
    ///
    /// - Throws: `schema.type`.
    package mutating func optionalInstant(_ name: String) throws(GloveboxError) -> Instant? {
        guard let text = try optionalString(name) else { return nil }
        return try Instant(reading: text, at: name)
    }
}

extension Instant {
    /// Reads a time.
    ///
    /// - Throws: `schema.type`.
    package init(reading text: String, at place: String) throws(GloveboxError) {
        guard let instant = Instant(text) else {
            throw GloveboxError("schema.type", "\(place) must be an RFC 3339 time in UTC")
        }
        self = instant
    }
}

extension Digest {
    /// Reads `sha256:<hex>`.
    ///
    /// - Throws: `schema.type`.
    package init(reading text: String, at place: String) throws(GloveboxError) {
        guard let digest = Digest(named: text) else {
            throw GloveboxError("schema.type", "\(place) must be sha256: and 64 lower-case hex digits")
        }
        self = digest
    }
}
