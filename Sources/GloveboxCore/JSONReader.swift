/// The strict reader for everything untrusted or signed.
///
/// It has one reading per input, or none.
///
/// It refuses duplicate member names (after unescaping), fractions and exponents, `-0`, integers beyond ±(2^53 - 1),
/// lone surrogates, invalid UTF-8, a byte-order mark, trailing bytes, and input over the limits.
package struct JSONReader {
    /// Bounds on work.
    package struct Limits: Sendable {
        /// Greatest input length in bytes.
        package var bytes = 10_000_000
        /// Greatest nesting depth.
        package var depth = 64
        /// Greatest number of values.
        package var values = 100_000
        /// Whether numbers with a fraction or exponent are read, as an object whose one member ``JSONReader/fraction`` is
        /// their text; for protocols of others alone.
        package var hasFractions = false

        /// The bounds of the attestation specification, section 2.
        package init() {}
    }

    /// Name of the one member of an object that stands for a number with a fraction.
    package static let fraction = "\0"

    private let input: [UInt8]
    private let limits: Limits
    private var at = 0
    private var values = 0

    private init(_ input: [UInt8], _ limits: Limits) {
        self.input = input
        self.limits = limits
    }

    /// Reads one value.
    ///
    /// - Throws: `input.too-large`, `json.duplicate-key`, `json.depth`, `json.number`, `json.encoding`,
    ///   `json.trailing` or `json.syntax`.
    package static func read(_ bytes: [UInt8], limits: Limits = Limits()) throws(GloveboxError) -> JSONValue {
        guard bytes.count <= limits.bytes else {
            throw GloveboxError("input.too-large", "JSON input has more than \(limits.bytes) bytes")
        }
        do { _ = try UTF8Span(validating: bytes.span) } catch {
            throw GloveboxError("json.encoding", "JSON input is not valid UTF-8")
        }
        var reader = JSONReader(bytes, limits)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.at == bytes.count else {
            throw GloveboxError("json.trailing", "bytes follow the JSON value, at offset \(reader.at)")
        }
        return value
    }

    /// Reads one value and requires that the input is its canonical form.
    ///
    /// - Throws: `json.not-canonical`, and all that ``read(_:limits:)`` throws.
    package static func readCanonical(_ bytes: [UInt8]) throws(GloveboxError) -> JSONValue {
        try readCanonical(bytes, limits: Limits())
    }

    /// The same within other bounds.
    package static func readCanonical(_ bytes: [UInt8], limits: Limits) throws(GloveboxError) -> JSONValue {
        let value = try read(bytes, limits: limits)
        guard CanonicalJSON.encode(value, capacity: bytes.count) == bytes else {
            throw GloveboxError("json.not-canonical", "JSON is not in canonical form (RFC 8785)")
        }
        return value
    }

    private func syntax(_ what: String) -> GloveboxError {
        GloveboxError("json.syntax", "\(what), at offset \(at)")
    }

    private var next: UInt8? { at < input.count ? input[at] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 32 || byte == 9 || byte == 10 || byte == 13 { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        at += 1
        return true
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(GloveboxError) -> JSONValue {
        for byte in Array(text.description.utf8) {
            guard take(byte) else { throw syntax("expected \(text)") }
        }
        return value
    }

    private mutating func value(depth: Int) throws(GloveboxError) -> JSONValue {
        guard depth <= limits.depth else {
            throw GloveboxError("json.depth", "JSON is nested deeper than \(limits.depth)")
        }
        values += 1
        guard values <= limits.values else {
            throw GloveboxError("input.too-large", "JSON has more than \(limits.values) values")
        }
        guard let byte = next else { throw syntax("expected a value") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw syntax("expected a value")
        }
    }

    private mutating func object(depth: Int) throws(GloveboxError) -> JSONValue {
        at += 1
        var object = JSONObject()
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(object) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw syntax("expected a member name") }
            let name = try string()
            guard object[name] == nil else {
                throw GloveboxError("json.duplicate-key", "member name stands twice, before offset \(at)")
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw syntax("expected ':'") }
            skipSpace()
            object[name] = try value(depth: depth + 1)
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(object) }
            guard take(UInt8(ascii: ",")) else { throw syntax("expected ',' or '}'") }
        }
    }

    private mutating func array(depth: Int) throws(GloveboxError) -> JSONValue {
        at += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw syntax("expected ',' or ']'") }
        }
    }

    private mutating func number() throws(GloveboxError) -> JSONValue {
        let start = at
        let negative = take(UInt8(ascii: "-"))
        let digits = at
        while let byte = next, UInt8(ascii: "0") <= byte, byte <= UInt8(ascii: "9") { at += 1 }
        let refused = GloveboxError("json.number", "only integers within ±(2^53 - 1) are read, at offset \(start)")
        guard at > digits, at - digits <= 16 else { throw refused }
        if input[digits] == UInt8(ascii: "0"), at - digits > 1 || negative { throw refused }
        if let byte = next, byte == UInt8(ascii: ".") || byte | 32 == UInt8(ascii: "e") {
            guard limits.hasFractions, skipFraction() else { throw refused }
            return .object(JSONObject([(Self.fraction, .string(String(decoding: input[start..<at], as: UTF8.self)))]))
        }
        guard let number = Int64(String(decoding: input[start..<at], as: UTF8.self)),
            number.magnitude <= 9_007_199_254_740_991
        else { throw refused }
        return .integer(number)
    }

    /// Passes over a fraction and an exponent (RFC 8259, section 6); false for a bad form or more than 16 digits.
    private mutating func skipFraction() -> Bool {
        if take(UInt8(ascii: ".")), !skipDigits() { return false }
        guard let byte = next, byte | 32 == UInt8(ascii: "e") else { return true }
        at += 1
        if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
        return skipDigits()
    }

    private mutating func skipDigits() -> Bool {
        let start = at
        while let byte = next, UInt8(ascii: "0") <= byte, byte <= UInt8(ascii: "9") { at += 1 }
        return at > start && at - start <= 16
    }

    private mutating func string() throws(GloveboxError) -> String {
        at += 1
        let start = at
        while let byte = next, byte >= 32, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { at += 1 }
        var out = input[start..<at]
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&out)
            case 0..<32: throw syntax("control byte inside a string")
            default: out.append(byte)
            }
        }
        throw syntax("string without end")
    }

    private mutating func escape(_ out: inout ArraySlice<UInt8>) throws(GloveboxError) {
        guard let byte = next else { throw syntax("string without end") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "u"):
            var scalar = try hexUnit()
            if (0xd800..<0xdc00).contains(scalar) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw loneSurrogate }
                let low = try hexUnit()
                guard (0xdc00..<0xe000).contains(low) else { throw loneSurrogate }
                scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let unicode = Unicode.Scalar(scalar) else { throw loneSurrogate }
            out += Array(String(Character(unicode)).utf8)
        default: throw syntax("unknown escape")
        }
    }

    private var loneSurrogate: GloveboxError {
        GloveboxError("json.encoding", "lone surrogate, at offset \(at)")
    }

    private mutating func hexUnit() throws(GloveboxError) -> UInt32 {
        guard at + 4 <= input.count,
            let unit = UInt32(String(decoding: input[at..<at + 4], as: UTF8.self), radix: 16),
            input[at] != UInt8(ascii: "+"), input[at] != UInt8(ascii: "-")
        else { throw syntax("expected four hex digits") }
        at += 4
        return unit
    }
}
