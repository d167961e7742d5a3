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
    let json: JSONValue
}
