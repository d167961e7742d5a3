package import GloveboxCore

/// Something that happened to a job, as its watcher may see it.
///
/// Source: job-backend section 4.5.
package struct SiteEvent: Sendable, Hashable {
    /// Where to go on after it; nil for what is true now and is not counted.
    package let id: String?
    /// `phase`, `release`, `waiting`, `vote` or `progress`; empty for a sign of life.
    package let name: String
    /// What happened.
    package let data: JSONValue

    /// Tells an event.
    package init(id: String?, name: String, data: JSONValue) {
        self.id = id
        self.name = name
        self.data = data
    }

    /// A sign that the connection is there.
    package static let ping = SiteEvent(id: nil, name: "", data: .null)

    /// The event on the wire.
    ///
    /// Source: WHATWG HTML, section 9.2.
    package var bytes: [UInt8] {
        if name.isEmpty { return Array(": ping\n\n".utf8) }
        let head = id.map { "id: \($0)\n" } ?? ""
        return Array("\(head)event: \(name)\ndata: ".utf8) + CanonicalJSON.encode(data) + [10, 10]
    }
}
