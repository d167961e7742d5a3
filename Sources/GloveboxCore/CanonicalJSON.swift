/// Canonical JSON: one byte sequence per value.
///
/// Source: RFC 8785 (JCS), for integers and strings only.
package enum CanonicalJSON {
    /// The canonical UTF-8 bytes: sorted members, no spaces, no final newline; `capacity` is how many may be expected.
    package static func encode(_ value: JSONValue, capacity: Int = 1024) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(capacity)
        write(value, to: &out)
        return out
    }

    /// Writes the canonical bytes behind others.
    package static func write(_ value: JSONValue, to out: inout [UInt8]) {
        switch value {
        case .null: out += "null".utf8
        case .bool(let flag): out += (flag ? "true" : "false").utf8
        case .integer(let number): out += String(number).utf8
        case .string(let text): write(text, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                write(element, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let object):
            out.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                write(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                write(member.value, to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    /// Whether the text stands as it is between quotation marks.
    private static func isPlain(_ text: String) -> Bool {
        let bytes = text.utf8.span
        let words = bytes.count / 8
        // Eight at a time: a byte below 32, and one that is a sign's own, borrows into its highest bit.
        let (ones, highest): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        for word in 0..<words {
            let eight = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: 8 * word, as: UInt64.self)
            let quote = eight ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = eight ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let found = (eight &- ones &* 32) & ~eight | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
            if found & highest != 0 { return false }
        }
        for at in 8 * words..<bytes.count {
            let byte = bytes[at]
            if byte < 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
        }
        return true
    }

    /// Writes a text with its quotation marks behind other bytes.
    package static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        if isPlain(text) {
            out += text.utf8
            out.append(UInt8(ascii: "\""))
            return
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): out += "\\\"".utf8
            case UInt8(ascii: "\\"): out += "\\\\".utf8
            case 8: out += "\\b".utf8
            case 9: out += "\\t".utf8
            case 10: out += "\\n".utf8
            case 12: out += "\\f".utf8
            case 13: out += "\\r".utf8
            case 0..<32: out += ("\\u00" + Hex.encode([byte])).utf8
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
