internal import GloveboxCore
internal import GloveboxTransparency

/// One event of the journal as the site's state reads it.
struct SiteRecord: Sendable {
    let kind: EventKind
    /// Log index.
    let index: UInt64
    let time: Instant
    let job: String?
    /// The fields of the event's private body.
    var json: JSONValue
    /// Whether the private body was erased; `json` then holds what the site kept of it.
    var isErased = false
}
