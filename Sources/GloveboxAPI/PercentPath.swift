/// Percent-encoding of path segments, with one reading per text.
///
/// Source: RFC 3986 section 2.
package enum PercentPath {
    /// Encodes everything but unreserved characters, `/` too.
    package static func encode(_ segment: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in segment.utf8 {
            if isUnreserved(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Decodes one segment.
    ///
    /// The answer is nil for a broken escape, text that is not UTF-8, an empty segment, `.` and `..`, and anything
    /// that holds `/`, `\` or a control byte once decoded.
    package static func decode(_ segment: some Collection<UInt8>) -> String? {
        var out: [UInt8] = []
        var rest = Array(segment)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                out.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value) else {
                return nil
            }
            out.append(high << 4 | low)
        }
        let refused = out.contains { $0 < 32 || $0 == 127 || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
        guard !refused, !out.isEmpty, out != Array(".".utf8), out != Array("..".utf8) else { return nil }
        return String(validating: out, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~")].contains(byte)
    }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
