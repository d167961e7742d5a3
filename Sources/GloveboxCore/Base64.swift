/// Base64 with one reading per text: padding, alphabet and spare bits are checked, and no whitespace is allowed.
///
/// Source: RFC 4648 sections 4 (`encode`, `decode`) and 5 without padding (`encodeURL`, `decodeURL`).
package enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let pad = UInt8(ascii: "=")

    /// Encodes with padding.
    package static func encode(_ bytes: [UInt8]) -> String { encode(bytes, standard, padded: true) }

    /// Encodes for URLs, without padding.
    package static func encodeURL(_ bytes: [UInt8]) -> String { encode(bytes, url, padded: false) }

    /// Decodes padded base64; nil unless re-encoding gives the same text.
    package static func decode(_ text: String) -> [UInt8]? { decode(text, standard, padded: true) }

    /// Decodes unpadded base64url; nil unless re-encoding gives the same text.
    package static func decodeURL(_ text: String) -> [UInt8]? { decode(text, url, padded: false) }

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
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group: UInt32 = 0
            for offset in 0..<3 { group = group << 8 | (offset < count ? UInt32(bytes[start + offset]) : 0) }
            for position in 0..<4 {
                if position <= count {
                    out.append(alphabet[Int(group >> UInt32(18 - 6 * position) & 63)])
                } else if padded {
                    out.append(pad)
                }
            }
        }
    }

    private static func decode(_ text: String, _ alphabet: [UInt8], padded: Bool) -> [UInt8]? {
        let utf8 = text.utf8
        let padding = padded ? utf8.reversed().prefix { $0 == pad }.count : 0
        let digits = utf8.count - padding
        // One digit alone is no byte; padding fills the last group of four.
        guard digits % 4 != 1, !padded || padding == (4 - digits % 4) % 4 else { return nil }
        var reverse = [UInt8](repeating: 255, count: 256)
        for (index, byte) in alphabet.enumerated() { reverse[Int(byte)] = UInt8(index) }
        var out: [UInt8] = []
        out.reserveCapacity(digits / 4 * 3 + 2)
        var group: UInt32 = 0
        var bits = 0
        for byte in utf8.prefix(digits) {
            let value = reverse[Int(byte)]
            guard value != 255 else { return nil }
            group = (group << 6 | UInt32(value)) & 0xffffff
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        // Spare bits say nothing, so they must be zero.
        return group & (1 << UInt32(bits) - 1) == 0 ? out : nil
    }
}
