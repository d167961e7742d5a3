internal import GloveboxAPI
internal import GloveboxCore

/// What goes back to a caller.
struct Answer: Sendable {
    /// The HTTP status.
    let status: Int
    /// The media type.
    let type: String
    /// The body.
    let bytes: [UInt8]
    /// Further header fields.
    var headers: [(name: String, value: String)] = []
    /// A body that comes piece by piece, instead of ``bytes``.
    var stream: AsyncStream<[UInt8]>?
    /// Called when nobody reads the stream any more.
    var onEnd: (@Sendable () -> Void)?

    /// A value as JSON.
    static func value(_ value: some APIValue, status: Int = 200) -> Answer {
        Answer(status: status, type: "application/json", bytes: value.encoded)
    }

    /// Any JSON.
    static func json(_ value: JSONValue, status: Int = 200) -> Answer {
        Answer(status: status, type: "application/json", bytes: CanonicalJSON.encode(value))
    }

    /// Bytes as they are.
    static func bytes(_ bytes: [UInt8], type: String = "application/octet-stream") -> Answer {
        Answer(status: 200, type: type, bytes: bytes)
    }

    /// An error.
    static func problem(_ error: GloveboxError, instance: String) -> Answer {
        let problem = Problem(error, instance: instance)
        return Answer(status: problem.status, type: "application/problem+json", bytes: problem.encoded)
    }
}
