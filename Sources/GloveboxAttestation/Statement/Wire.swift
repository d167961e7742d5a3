internal import GloveboxCore

/// A part of a statement: written as canonical JSON, read strictly.
protocol Wire {
    /// The JSON form.
    var json: JSONValue { get }
    /// Takes every member it knows; the caller refuses what is left.
    init(reading fields: inout JSONFields) throws(GloveboxError)
}

extension JSONFields {
    /// Takes a member that is an object of that shape.
    mutating func object<Part: Wire>(_ name: String) throws(GloveboxError) -> Part {
        var fields = try nested(name)
        let part = try Part(reading: &fields)
        try fields.finish()
        return part
    }

    /// Takes a member that is an object of that shape, or is missing.
    mutating func optionalObject<Part: Wire>(_ name: String) throws(GloveboxError) -> Part? {
        guard let value = optional(name) else { return nil }
        return try Self.part(value, at: name)
    }

    /// Takes a member that is a list of objects of that shape.
    mutating func list<Part: Wire>(_ name: String) throws(GloveboxError) -> [Part] {
        var parts: [Part] = []
        for (index, value) in try array(name).enumerated() {
            parts.append(try Self.part(value, at: "\(name)[\(index)]"))
        }
        return parts
    }

    /// Takes a list of objects that is left out when it is empty.
    mutating func optionalList<Part: Wire>(_ name: String) throws(GloveboxError) -> [Part] {
        guard let value = optional(name) else { return [] }
        var alone = try JSONFields(.object(JSONObject([(name, value)])), at: name)
        return try alone.list(name)
    }

    private static func part<Part: Wire>(_ value: JSONValue, at path: String) throws(GloveboxError) -> Part {
        var fields = try JSONFields(value, at: path)
        let part = try Part(reading: &fields)
        try fields.finish()
        return part
    }

    /// Takes a list of strings.
    mutating func strings(_ name: String) throws(GloveboxError) -> [String] {
        var texts: [String] = []
        for value in try array(name) {
            guard let text = value.string else { throw GloveboxError("schema.type", "\(name) must hold strings only") }
            texts.append(text)
        }
        return texts
    }

    /// Takes a string that may be missing.
    mutating func optionalString(_ name: String) throws(GloveboxError) -> String? {
        guard let value = optional(name) else { return nil }
        guard let text = value.string else { throw GloveboxError("schema.type", "\(name) must be a string") }
        return text
    }

    /// Takes an object of texts that may be missing.
    mutating func optionalTexts(_ name: String) throws(GloveboxError) -> TextMap? {
        guard let value = optional(name) else { return nil }
        return try TextMap(value, at: name)
    }

    /// Takes `{"sha256": …}` that may be missing.
    mutating func optionalDigest(_ name: String) throws(GloveboxError) -> Digest? {
        let part: DigestSet? = try optionalObject(name)
        return part?.sha256
    }

    /// Takes 64 hex digits.
    mutating func digestHex(_ name: String) throws(GloveboxError) -> Digest {
        guard let digest = Digest(hex: try string(name)) else {
            throw GloveboxError("schema.type", "\(name) must be 64 lower-case hex digits")
        }
        return digest
    }

    /// Takes a canonical decimal string: `0`, or digits without a leading zero.
    mutating func decimal(_ name: String) throws(GloveboxError) -> UInt64 {
        let text = try string(name)
        guard let number = UInt64(text), String(number).utf8.elementsEqual(text.utf8) else {
            throw GloveboxError("json.number", "\(name) must be a decimal string")
        }
        return number
    }

    /// Takes a decimal string that may be missing.
    mutating func optionalDecimal(_ name: String) throws(GloveboxError) -> UInt64? {
        guard let value = optional(name) else { return nil }
        var alone = try JSONFields(.object(JSONObject([(name, value)])), at: name)
        return try alone.decimal(name)
    }

    /// Takes padded base64.
    mutating func base64(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard let bytes = Base64.decode(try string(name)) else {
            throw GloveboxError("base64.invalid", "\(name) is not strict base64")
        }
        return bytes
    }

    /// Takes 32 bytes as base64url.
    mutating func random32(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard let bytes = Base64.decodeURL(try string(name)), bytes.count == 32 else {
            throw GloveboxError("base64.invalid", "\(name) must be 32 bytes in base64url")
        }
        return bytes
    }

    /// Takes a time of whole seconds, `2026-01-02T03:04:05Z`.
    mutating func time(_ name: String) throws(GloveboxError) -> Instant {
        let text = try string(name)
        guard let time = Instant(text), time.text.utf8.elementsEqual(text.utf8) else {
            throw GloveboxError("schema.type", "\(name) must be a UTC time of whole seconds")
        }
        return time
    }

    /// Takes a time that may be missing.
    mutating func optionalTime(_ name: String) throws(GloveboxError) -> Instant? {
        guard let value = optional(name) else { return nil }
        var alone = try JSONFields(.object(JSONObject([(name, value)])), at: name)
        return try alone.time(name)
    }

    /// Takes a list of `{"sha256": …}`.
    mutating func digests(_ name: String) throws(GloveboxError) -> [Digest] {
        let sets: [DigestSet] = try list(name)
        return sets.map(\.sha256)
    }

    /// Takes a list of `{"sha256": …}` that is left out when it is empty.
    mutating func optionalDigests(_ name: String) throws(GloveboxError) -> [Digest] {
        guard let value = optional(name) else { return [] }
        var alone = try JSONFields(.object(JSONObject([(name, value)])), at: name)
        return try alone.digests(name)
    }

    /// Takes one of the values of a closed set.
    mutating func choice<Value: RawRepresentable<String>>(_ name: String) throws(GloveboxError) -> Value {
        guard let value = Value(rawValue: try string(name)) else {
            throw GloveboxError("schema.value", "\(name) has a value this version does not know")
        }
        return value
    }

    /// Takes one of the values of a closed set, or none when it is missing.
    mutating func optionalChoice<Value: RawRepresentable<String>>(_ name: String) throws(GloveboxError) -> Value? {
        guard let value = optional(name) else { return nil }
        var alone = try JSONFields(.object(JSONObject([(name, value)])), at: name)
        return try alone.choice(name)
    }

    /// Takes a member that must have exactly that text.
    mutating func constant(_ name: String, _ text: String, code: String) throws(GloveboxError) {
        guard try string(name).utf8.elementsEqual(text.utf8) else {
            throw GloveboxError(code, "\(name) is not \(text)")
        }
    }
}

/// `{"sha256": "<hex>"}`.
private struct DigestSet: Wire {
    let sha256: Digest
    var json: JSONValue { sha256.json }
    init(reading fields: inout JSONFields) throws(GloveboxError) { self.sha256 = try fields.digestHex("sha256") }
}

extension JSONValue {
    /// A decimal string.
    static func decimal(_ number: UInt64) -> JSONValue { .string(String(number)) }

    /// A list of strings.
    static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// A list of parts.
    static func list(_ parts: [some Wire]) -> JSONValue { .array(parts.map(\.json)) }

    /// An object of those members that have a value.
    static func members(_ pairs: [(String, JSONValue?)]) -> JSONValue {
        var object = JSONObject()
        for (name, value) in pairs { object[name] = value }
        return .object(object)
    }
}

extension String {
    /// Whether both are the same bytes; `==` would merge Unicode spellings.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
