/// Base64 with one reading per text: padding, alphabet and spare bits are checked, and no whitespace is allowed.
///
/// Source: RFC 4648 sections 4 (`encode`, `decode`) and 5 without padding (`encodeURL`, `decodeURL`).
package enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let pad = UInt8(ascii: "=")
    private static let standardDigits = digits(of: standard)
    private static let urlDigits = digits(of: url)

    /// The value of each byte as a digit, 255 for what is none.
    private static func digits(of alphabet: [UInt8]) -> [UInt8] {
        var digits = [UInt8](repeating: 255, count: 256)
        for (index, byte) in alphabet.enumerated() { digits[Int(byte)] = UInt8(index) }
        return digits
    }

    /// Encodes with padding.
    package static func encode(_ bytes: [UInt8]) -> String { encode(bytes, standard, padded: true) }

    /// Encodes for URLs, without padding.
    package static func encodeURL(_ bytes: [UInt8]) -> String { encode(bytes, url, padded: false) }

    /// Decodes padded base64; nil unless re-encoding gives the same text.
    package static func decode(_ text: String) -> [UInt8]? { decode(text, standardDigits, padded: true) }

    /// Decodes unpadded base64url; nil unless re-encoding gives the same text.
    package static func decodeURL(_ text: String) -> [UInt8]? { decode(text, urlDigits, padded: false) }

    /// Writes bytes with padding behind other text.
    package static func write(_ bytes: [UInt8], to out: inout [UInt8]) {
        write(bytes, standard, padded: true, to: &out)
    }

    private static func encode(_ bytes: [UInt8], _ alphabet: [UInt8], padded: Bool) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        write(bytes, alphabet, padded: padded, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static func write(_ bytes: [UInt8], _ alphabet: [UInt8], padded: Bool, to out: inout [UInt8]) {
        let (letters, source) = (alphabet.span, bytes.span)
        let whole = bytes.count / 3 * 3
        for start in stride(from: 0, to: whole, by: 3) {
            let group = UInt32(source[start]) << 16 | UInt32(source[start + 1]) << 8 | UInt32(source[start + 2])
            out.append(letters[Int(group >> 18)])
            out.append(letters[Int(group >> 12 & 63)])
            out.append(letters[Int(group >> 6 & 63)])
            out.append(letters[Int(group & 63)])
        }
        let rest = bytes.count - whole
        guard rest > 0 else { return }
        let group = UInt32(source[whole]) << 16 | (rest > 1 ? UInt32(source[whole + 1]) << 8 : 0)
        out.append(letters[Int(group >> 18)])
        out.append(letters[Int(group >> 12 & 63)])
        if rest > 1 { out.append(letters[Int(group >> 6 & 63)]) }
        if padded { for _ in rest..<3 { out.append(pad) } }
    }

    private static func decode(_ text: String, _ reverse: [UInt8], padded: Bool) -> [UInt8]? {
        let (source, values) = (text.utf8.span, reverse.span)
        var digits = source.count
        while padded, digits > 0, source[digits - 1] == pad { digits -= 1 }
        let padding = source.count - digits
        // One digit alone is no byte; padding fills the last group of four.
        guard digits % 4 != 1, !padded || padding == (4 - digits % 4) % 4 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(digits / 4 * 3 + 2)
        let whole = digits / 4 * 4
        for start in stride(from: 0, to: whole, by: 4) {
            let (a, b) = (values[Int(source[start])], values[Int(source[start + 1])])
            let (c, d) = (values[Int(source[start + 2])], values[Int(source[start + 3])])
            // A digit has six bits.
            guard (a | b | c | d) < 64 else { return nil }
            out.append(a << 2 | b >> 4)
            out.append(b << 4 | c >> 2)
            out.append(c << 6 | d)
        }
        guard whole < digits else { return out }
        // Two digits are a byte and three are two; spare bits say nothing, so they must be zero.
        let (a, b) = (values[Int(source[whole])], values[Int(source[whole + 1])])
        let c = digits - whole == 3 ? values[Int(source[whole + 2])] : 0
        guard (a | b | c) < 64, digits - whole == 3 ? c & 3 == 0 : b & 15 == 0 else { return nil }
        out.append(a << 2 | b >> 4)
        if digits - whole == 3 { out.append(b << 4 | c >> 2) }
        return out
    }
}
