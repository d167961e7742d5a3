/// Identifiers of the form `<prefix>_<26 lower-case Crockford base32>` over a UUIDv7, so that they sort by time.
///
/// Source: RFC 9562 section 5.7; Crockford base32 without check symbol.
package enum Identifier {
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// Makes an identifier from a time and ten random bytes.
    package static func make(_ prefix: String, at time: Instant, random: [UInt8]) -> String {
        let bytes = uuid7(at: time, random: random)
        var value: UInt128 = 0
        for byte in bytes { value = value << 8 | UInt128(byte) }
        var out = [UInt8](repeating: 0, count: 26)
        for index in stride(from: 25, through: 0, by: -1) {
            out[index] = alphabet[Int(value & 31)]
            value >>= 5
        }
        return prefix + "_" + String(decoding: out, as: UTF8.self)
    }

    /// Whether the text is an identifier with that prefix.
    package static func isValid(_ text: String, prefix: String) -> Bool {
        let utf8 = Array(text.utf8)
        let head = Array((prefix + "_").utf8)
        return utf8.count == head.count + 26 && utf8.starts(with: head)
            && utf8.dropFirst(head.count).allSatisfy(alphabet.contains)
    }

    /// Whether the text is a registered name: `[a-z0-9][a-z0-9._-]{0,62}`.
    package static func isName(_ text: String) -> Bool {
        let utf8 = Array(text.utf8)
        guard let first = utf8.first, utf8.count <= 63 else { return false }
        func alphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return alphanumeric(first) && utf8.allSatisfy { alphanumeric($0) || Array("._-".utf8).contains($0) }
    }

    /// Whether the text is a name as machines have them: `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`.
    ///
    /// Source: RFC 1123 section 2.1, in lower case.
    package static func isHostLabel(_ text: String) -> Bool {
        let dash = UInt8(ascii: "-")
        return isCode(text) && text.utf8.count <= 63 && text.utf8.first != dash && text.utf8.last != dash
    }

    /// Whether the text is a code that stands for a purpose: `[a-z0-9-]{1,64}`.
    package static func isCode(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
    }

    /// The 16 bytes of a UUIDv7.
    package static func uuid7(at time: Instant, random: [UInt8]) -> [UInt8] {
        precondition(random.count == 10, "a UUIDv7 takes ten random bytes")
        var bytes = (0..<6).map { UInt8(truncatingIfNeeded: time.milliseconds >> Int64(40 - 8 * $0)) } + random
        bytes[6] = bytes[6] & 0x0f | 0x70
        bytes[8] = bytes[8] & 0x3f | 0x80
        return bytes
    }

    /// The usual text of a UUID.
    package static func uuidText(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(32)
        Hex.write(bytes, to: &digits)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (at, digit) in digits.enumerated() {
            if at == 8 || at == 12 || at == 16 || at == 20 { text.append(UInt8(ascii: "-")) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
