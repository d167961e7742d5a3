/// The meaning of a scalar written without quotes: one that YAML 1.1 and 1.2 agree on, or none.
enum PlainScalar: Equatable {
    case text
    case truth(Bool)
    case integer(Int64)
    case null
    /// A second reading exists, or it is a fraction: quotes are needed.
    case ambiguous

    /// Classifies the text of a plain scalar.
    init(_ text: String) {
        switch text {
        case "": self = .null
        case "true": self = .truth(true)
        case "false": self = .truth(false)
        default:
            let lower = text.lowercased()
            if lower == "null" || lower == "~" {
                self = .null
            } else if Self.words.contains(lower) {
                self = .ambiguous
            } else {
                self = Self.number(Array(text.utf8))
            }
        }
    }

    private static let words: Set<String> = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=", ".inf", "+.inf", "-.inf", ".nan",
    ]

    // Everything that begins like a number and holds only what some YAML version accepts in a number or a date.
    private static func number(_ bytes: [UInt8]) -> PlainScalar {
        let unsigned =
            bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
        guard let first = unsigned.first else { return .text }
        let startsWithDot = first == UInt8(ascii: ".") && unsigned.dropFirst().first.map(isDigit) == true
        guard isDigit(first) || startsWithDot else { return .text }
        if unsigned.allSatisfy(isDigit) { return integer(bytes, unsigned) }
        if isPrefixed(unsigned) || isDate(unsigned) || isNumberLike(unsigned) { return .ambiguous }
        return .text
    }

    private static func integer(_ bytes: [UInt8], _ digits: ArraySlice<UInt8>) -> PlainScalar {
        guard bytes.first != UInt8(ascii: "+"), digits.count <= 16,
            digits.first != UInt8(ascii: "0") || bytes == [UInt8(ascii: "0")],
            let number = Int64(String(decoding: bytes, as: UTF8.self)), number.magnitude <= 9_007_199_254_740_991
        else { return .ambiguous }
        return .integer(number)
    }

    // 0x1f, 0o17, 0b1
    private static func isPrefixed(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count > 2, bytes.first == UInt8(ascii: "0"), let mark = bytes.dropFirst().first else {
            return false
        }
        let digits = bytes.dropFirst(2).allSatisfy {
            isDigit($0) || (97...102).contains($0 | 32) || $0 == UInt8(ascii: "_")
        }
        return digits && "xob".utf8.contains(mark | 32)
    }

    // 2001-12-14, and what may follow in a time stamp
    private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "-"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, (1...2).contains(parts[1].count) else { return false }
        return parts[0].allSatisfy(isDigit) && parts[1].allSatisfy(isDigit) && parts[2].first.map(isDigit) == true
    }

    // 1.5, 1_000, 1:20:30, 1e5, 1.5e+3
    private static func isNumberLike(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { isDigit($0) || "._:eE+-".utf8.contains($0) }
            && !bytes.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") } || isExponent(bytes)
    }

    private static func isExponent(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 | 32 == UInt8(ascii: "e") }
        guard parts.count == 2 else { return false }
        let power =
            parts[1].first.map { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") } == true
            ? parts[1].dropFirst() : parts[1]
        return parts[0].allSatisfy { isDigit($0) || "._".utf8.contains($0) } && !power.isEmpty
            && power.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
