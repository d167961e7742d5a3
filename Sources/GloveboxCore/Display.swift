/// Makes text from outside safe to show on a terminal or in a log line.
package enum Display {
    /// Escapes control characters, ANSI sequences, bidirectional controls and invisible marks as `\u{…}`.
    package static func escape(_ text: String) -> String {
        // Most text is plain, where the tables of Unicode say the same at many times the price.
        if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
