internal import GloveboxCore

/// Reads the CBOR of tokens strictly: only the kinds of ``CBOR``, only the one deterministic encoding.
///
/// Source: RFC 8949, section 4.2.1; attestation specification, section 14.
struct CBORReader {
    private static let depthLimit = 64
    private static let valueLimit = 100_000
    private let input: [UInt8]
    private var at = 0
    private var values = 0

    private init(_ input: [UInt8]) { self.input = input }

    /// Reads one value that is the whole input.
    ///
    /// - Throws: `token.form`.
    static func read(_ bytes: [UInt8]) throws(GloveboxError) -> CBOR {
        var reader = CBORReader(bytes)
        let value = try reader.value(depth: 0)
        guard reader.at == bytes.count else { throw refused("bytes follow the value") }
        return value
    }

    /// The refusal of a token that cannot be read.
    static func refused(_ what: String) -> GloveboxError { GloveboxError("token.form", "the token's CBOR: \(what)") }

    private mutating func value(depth: Int) throws(GloveboxError) -> CBOR {
        values += 1
        guard depth <= Self.depthLimit, values <= Self.valueLimit else {
            throw Self.refused("it is deeper than \(Self.depthLimit) or has more than \(Self.valueLimit) values")
        }
        let first = try take(1)[0]
        let argument = try argument(first & 0x1f)
        switch first >> 5 {
        case 0, 1:
            guard let number = Int64(exactly: argument) else { throw Self.refused("an integer is too large") }
            return .integer(first >> 5 == 0 ? number : -1 - number)
        case 2: return .bytes(try take(argument))
        case 3:
            guard let text = String(validating: try take(argument), as: UTF8.self) else {
                throw Self.refused("a text is not UTF-8")
            }
            return .text(text)
        case 4:
            var elements: [CBOR] = []
            for _ in 0..<(try count(argument)) { elements.append(try value(depth: depth + 1)) }
            return .array(elements)
        case 5: return try map(argument, depth: depth + 1)
        case 6: return .tagged(argument, try value(depth: depth + 1))
        default:
            switch first {
            case 0xf4, 0xf5: return .bool(first == 0xf5)
            case 0xf6: return .null
            default: throw Self.refused("a number with a fraction, or a simple value no token has")
            }
        }
    }

    private mutating func map(_ argument: UInt64, depth: Int) throws(GloveboxError) -> CBOR {
        var pairs: [(CBOR, CBOR)] = []
        var last: ArraySlice<UInt8> = []
        for _ in 0..<(try count(argument)) {
            let start = at
            let key = try value(depth: depth)
            let encoded = input[start..<at]
            guard last.lexicographicallyPrecedes(encoded) else {
                throw Self.refused("keys are doubled or out of order")
            }
            last = encoded
            pairs.append((key, try value(depth: depth)))
        }
        return .map(pairs)
    }

    // The shortest head that holds the number; no indefinite length.
    private mutating func argument(_ low: UInt8) throws(GloveboxError) -> UInt64 {
        guard low >= 24 else { return UInt64(low) }
        guard low <= 27 else { throw Self.refused("a length is indefinite or reserved") }
        let width = 1 << Int(low - 24)
        let number = try take(UInt64(width)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let least: UInt64 = width == 1 ? 24 : 1 << UInt64(width * 4)
        guard number >= least else { throw Self.refused("a head is longer than it must be") }
        return number
    }

    // Each element takes a byte at least.
    private func count(_ argument: UInt64) throws(GloveboxError) -> Int {
        guard argument <= UInt64(input.count - at) else { throw Self.refused("it ends too early") }
        return Int(argument)
    }

    private mutating func take(_ count: UInt64) throws(GloveboxError) -> [UInt8] {
        guard count <= UInt64(input.count - at) else { throw Self.refused("it ends too early") }
        defer { at += Int(count) }
        return Array(input[at..<at + Int(count)])
    }
}
