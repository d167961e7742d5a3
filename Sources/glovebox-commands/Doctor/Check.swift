import GloveboxCore

/// One line of `glovebox doctor`: something looked at or tried on this host, and what came of it.
struct Check {
    /// What came of it.
    enum Status: String {
        /// As it should be.
        case ok
        /// Jobs run, with less protection or comfort than the specification asks.
        case warn
        /// Jobs do not run here, or are not safe.
        case fail
    }

    /// Name that stays the same between releases.
    let id: String
    let status: Status
    /// What was found, and what that means.
    let detail: String
    /// What to do about it; nil when there is nothing to do.
    let hint: String?

    /// Something as it should be.
    static func ok(_ id: String, _ detail: String) -> Check { Check(id: id, status: .ok, detail: detail, hint: nil) }

    /// Something weaker than it could be.
    static func warn(_ id: String, _ detail: String, _ hint: String? = nil) -> Check {
        Check(id: id, status: .warn, detail: detail, hint: hint)
    }

    /// Something that must not stay so.
    static func fail(_ id: String, _ detail: String, _ hint: String? = nil) -> Check {
        Check(id: id, status: .fail, detail: detail, hint: hint)
    }

    /// A check that an error cut short.
    static func fail(_ id: String, _ error: GloveboxError) -> Check { fail(id, error.message, error.hint) }

    /// The line of the table.
    var line: String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(2, width - text.count))
        }
        let text = hint.map { detail + ". " + $0 } ?? detail
        return padded(status.rawValue, 6) + padded(id, 26) + Display.escape(text)
    }

    /// The element of the `--json` object.
    var json: JSONValue {
        [
            "id": .string(id), "status": .string(status.rawValue), "detail": .string(detail),
            "hint": hint.map { .string($0) } ?? .null,
        ]
    }
}
