internal import GloveboxCore
package import GloveboxTransparency

/// What an event is about, read off its public leaf without reading the rest.
package struct LeafGlance: Sendable {
    private static let unmapped = Array("unmapped".utf8)
    private static let glovebox = Array("glovebox".utf8)
    private static let event = Array("event".utf8)
    private static let job = Array("job".utf8)

    /// What happened.
    package let kind: EventKind
    /// Whether it belongs to a job.
    package let isOfJob: Bool

    /// Reads a leaf; nil for one that is no event of ours in plain text, which somebody has to look at.
    init?(_ leaf: [UInt8]) {
        var json = PlainJSON(leaf)
        guard json.scan(0..<leaf.count), let unmapped = json.member(Self.unmapped, of: 0),
            let own = json.member(Self.glovebox, of: unmapped), let event = json.member(Self.event, of: own),
            let kind = json.text(event).flatMap(EventKind.init(rawValue:))
        else { return nil }
        self.kind = kind
        isOfJob = json.member(Self.job, of: own) != nil
    }
}
