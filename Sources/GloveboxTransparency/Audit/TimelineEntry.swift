package import GloveboxCore

/// One line of the story a log tells.
package struct TimelineEntry: Sendable {
    private let event: PublicEvent
    private let who: String
    private let body: BodyDisclosure?

    /// Tells an event; the body is one that was checked against the leaf.
    package init(_ event: PublicEvent, names: AuditNames, body: BodyDisclosure? = nil) {
        self.event = event
        self.who = names[event.actor]
        self.body = body
    }

    /// The line for people: when, where in the log, who, what, about what, how it ended.
    package var text: String {
        var parts = [event.time.text, "#\(event.index)", who, event.kind.words]
        if let user = event.user, user != event.actor { parts.append("for \(user.dropFirst(12).prefix(8))") }
        for (name, value) in [
            ("", event.job), ("project", event.project), ("dataset", event.dataset), ("", event.output),
        ] {
            guard let value, !value.isEmpty else { continue }
            parts.append(name.isEmpty ? Display.escape(value) : "\(name) \(Display.escape(value))")
        }
        for detail in event.details { parts.append("\(Display.escape(detail.name)) \(AuditNames.short(detail.value))") }
        if !event.statusCode.utf8.elementsEqual("ok".utf8) { parts.append("[\(Display.escape(event.statusCode))]") }
        return parts.joined(separator: "  ")
    }

    /// One object, for programs; private fields stand under `body`.
    package var json: JSONValue {
        var out = JSONObject([
            ("actor", .string(event.actor)), ("event", .string(event.kind.rawValue)), ("failed", .bool(event.failed)),
            ("index", .string(String(event.index))), ("status", .string(event.statusCode)),
            ("time", .string(event.time.description)), ("what", .string(event.kind.words)), ("who", .string(who)),
        ])
        for (name, value) in [
            ("job", event.job), ("project", event.project), ("dataset", event.dataset), ("output", event.output),
            ("user", event.user),
        ] { out[name] = value.map(JSONValue.string) }
        if !event.details.isEmpty {
            out["details"] = .object(JSONObject(event.details.map { ($0.name, .string($0.value)) }))
        }
        if let body {
            var shown = JSONObject()
            for case .open(let field) in body.fields { shown[field.name] = field.value }
            out["body"] = .object(shown)
        }
        return .object(out)
    }
}
