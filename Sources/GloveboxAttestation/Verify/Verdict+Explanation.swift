package import GloveboxCore

extension Verdict {
    /// The lines of `--explain`: facts, every check with its meaning and what it found, what is not proven, the verdict.
    package var explanation: [String] {
        facts + ["", "CHECKS"] + checks.map(Self.line) + ["", "NOT PROVEN"]
            + notProven.map { Self.row($0, Explanations.notProven[$0] ?? "see the site's documentation") }
            + ["", story.last ?? ""]
    }

    /// The object of `--json --explain`: ``json``, each check with its stage, its meaning and what it found.
    package var explainedJSON: JSONValue {
        let explained: [JSONValue] = checks.map {
            [
                "id": .string($0.id), "status": .string($0.status.rawValue), "reason": .string($0.reason),
                "stage": .string("\($0.stage)"), "meaning": .string(Explanations.meaning(of: $0.id)),
                "detail": .string($0.detail),
            ]
        }
        guard case .object(var object) = json else { return json }
        object["checks"] = .array(explained)
        return .object(object)
    }

    private var notProven: [String] {
        (assurance["notProven"]?.array ?? []).compactMap(\.string).map(Display.escape)
    }

    private static func line(_ check: Check) -> String {
        let found = [check.reason, check.detail].filter { !$0.isEmpty }.joined(separator: ": ")
        let head = row(check.status.rawValue, check.id, width: 9)
        return row(head, Explanations.meaning(of: check.id)) + (found.isEmpty ? "" : " [\(found)]")
    }

    private static func row(_ head: String, _ text: String, width: Int = 32) -> String {
        head + String(repeating: " ", count: max(1, width - head.utf8.count)) + text
    }
}
