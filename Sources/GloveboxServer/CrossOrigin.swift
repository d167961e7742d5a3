internal import HTTPTypes

/// Which pages of other sites a browser lets speak to the API; none unless the operator names them.
///
/// A page gets no login by this: browsers send no token on their own. Source: Fetch standard, CORS protocol.
struct CrossOrigin: Sendable {
    /// Exactly as browsers write them: scheme, host and, where it is not the scheme's own, port.
    let origins: [String]

    private static let exposed = "ETag, Idempotent-Replay, RateLimit, Retry-After"
    private static let asked =
        "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer"

    /// The page's origin, when it is let in.
    func admits(_ origin: String?) -> String? {
        guard let origin, origins.contains(where: { $0.utf8.elementsEqual(origin.utf8) }) else { return nil }
        return origin
    }

    /// What lets a page read an answer.
    func headers(for origin: String) -> [(name: String, value: String)] {
        [
            ("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", Self.exposed),
            ("Vary", "Origin"),
        ]
    }

    /// The answer to a browser that asks first.
    func preflight(for origin: String, methods: [HTTPRequest.Method]) -> Answer {
        var answer = Answer(status: 204, type: "", bytes: [])
        answer.headers = [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", methods.map(\.rawValue).joined(separator: ", ")),
            ("Access-Control-Allow-Headers", Self.asked), ("Access-Control-Max-Age", "600"), ("Vary", "Origin"),
        ]
        return answer
    }
}
