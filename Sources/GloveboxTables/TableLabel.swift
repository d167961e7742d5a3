/// What may stand as a label in a released table: column names, codes, band names.
///
/// Plain ASCII leaves no look-alike letters, invisible marks or spreadsheet formulas. Source: release policy section 8.1.
package enum TableLabel {
    /// Greatest length in bytes.
    package static let maximum = 40

    /// Whether the bytes are `[A-Za-z0-9 _.:;/()<>=%'-]{1,40}` and do not start with `=`, `+`, `-` or `@`.
    package static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.count <= maximum else { return false }
        return !isFormula(first) && bytes.allSatisfy { allowed[Int($0)] }
    }

    /// As for any bytes, straight from those of a file.
    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0, bytes.count <= maximum, !isFormula(bytes[0]) else { return false }
        let allowed = allowed
        for index in bytes.indices where !allowed[Int(bytes[index])] { return false }
        return true
    }

    /// Whether the text is a valid label.
    package static func isValid(_ text: String) -> Bool { isValid(text.utf8) }

    // A spreadsheet would run it.
    private static func isFormula(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "=") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "@")
    }

    private static let allowed = (0...255).map { (byte: UInt8) in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: " _.:;/()<>=%'-".utf8.contains(byte)
        }
    }
}
