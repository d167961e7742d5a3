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
    /// Whether the private body is lost, as the entry came back from a mirror, or as a redaction did that erased it; `json`
    /// then holds the entry that the public leaf names, if it names one.
    var isRecovered = false
}
