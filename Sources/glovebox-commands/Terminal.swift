import GloveboxCore
import GloveboxLocalCommands

/// What a command says: results to stdout, or one JSON object; people's words to stderr when stdout is JSON.
struct Terminal {
    let json: Bool
    let quiet: Bool

    /// Prints a command's result in one of its two forms.
    func result(_ value: @autoclosure () throws -> JSONValue, _ lines: @autoclosure () -> [String]) rethrows {
        if json {
            JailReportText.write(CanonicalJSON.encode(try value()) + [10], to: 1)
        } else {
            for line in lines() { JailReportText.write(line + "\n", to: 1) }
        }
    }

    /// Tells people what is going on.
    func note(_ text: String) {
        if !quiet { JailReportText.write(text + "\n", to: json ? 2 : 1) }
    }

    /// A line of the form `name    text`.
    static func row(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: max(1, 11 - name.count)) + Display.escape(text)
    }
}
