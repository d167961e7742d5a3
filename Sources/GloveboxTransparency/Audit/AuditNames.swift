internal import GloveboxCore

/// What to call those who act in a log.
///
/// The log has pseudonyms; names come from private bodies, where the reader has them.
package struct AuditNames: Sendable {
    private var supervisor: String?
    private var known: [String: String] = [:]

    /// No one known yet.
    package init() {}

    /// Learns from an event and, where there is one, its private body, already checked against the leaf.
    package mutating func learn(_ event: PublicEvent, _ body: BodyDisclosure?) {
        switch event.kind {
        case .logCreated, .jobStarting: supervisor = event.actor
        case .userCreated: if let user = event.user, let name = body?["name"]?.string { known[user] = name }
        default: break
        }
    }

    /// A name for an actor, safe to show.
    package subscript(actor: String) -> String {
        if actor == supervisor { return "supervisor" }
        if Digest(named: actor) != nil { return "policy \(Self.short(String(actor.dropFirst(7))))" }
        let tag = actor.hasPrefix("hmac-sha256:") ? String(actor.dropFirst(12).prefix(8)) : Display.escape(actor)
        return known[actor].map { "\(Display.escape($0)) (\(tag))" } ?? "person \(tag)"
    }

    /// The beginning of a digest in hex; any other text as it is, safe to show.
    package static func short(_ text: String) -> String {
        Digest(hex: text) != nil ? text.prefix(12) + "…" : Display.escape(text)
    }
}
