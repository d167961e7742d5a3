/// What may stand as a label in a released table: column names, codes, band names.
///
/// Plain ASCII leaves no look-alike letters, invisible marks or spreadsheet formulas. Source: release policy section 8.1.
package enum TableLabel {
    /// Greatest length in bytes.
    package static let maximum = 40

    /// Whether the bytes are `[A-Za-z0-9 _.:;/()<>=%'-]{1,40}` and do not start with `=`, `+`, `-` or `@`.
    package static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.count <= maximum else { return false }
        switch first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"): return false
        default: return bytes.allSatisfy(isAllowed)
        }
    }

    /// Whether the text is a valid label.
    package static func isValid(_ text: String) -> Bool { isValid(text.utf8) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: allowedMarks.utf8.contains(byte)
        }
    }

    private static let allowedMarks = " _.:;/()<>=%'-"
}
