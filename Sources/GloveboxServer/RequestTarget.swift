internal import GloveboxAPI
internal import GloveboxCore

/// The path and query of a request, below the base and split, but not decoded.
struct RequestTarget: Sendable {
    /// The segments below the base, still percent-encoded.
    let segments: [Substring.UTF8View]
    private let pairs: [Substring]

    /// Splits a request's target; nil unless it begins with the base.
    init?(_ target: String) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let base = GloveboxClient.base + "/"
        guard let path = halves.first, path.utf8.starts(with: base.utf8) else { return nil }
        segments = path.dropFirst(base.count).split(separator: "/", omittingEmptySubsequences: false).map(\.utf8)
        pairs = halves.count > 1 ? halves[1].split(separator: "&", omittingEmptySubsequences: false) : []
    }

    /// The variable segments, decoded.
    ///
    /// - Throws: `path.invalid`.
    func arguments(_ route: Route) throws(GloveboxError) -> [String] {
        var out: [String] = []
        for group in route.match(segments) ?? [] {
            var parts: [String] = []
            for segment in group {
                guard let text = PercentPath.decode(segment) else {
                    throw GloveboxError("path.invalid", "the path has an invalid segment")
                }
                parts.append(text)
            }
            out.append(parts.joined(separator: "/"))
        }
        return out
    }

    /// The query's parameters.
    ///
    /// - Throws: `request.invalid` for an unknown or repeated one.
    func query(knowing names: Set<String>) throws(GloveboxError) -> [String: String] {
        var out: [String: String] = [:]
        for pair in pairs {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, names.contains(String(halves[0])), out[String(halves[0])] == nil,
                let value = PercentPath.decode(halves[1].utf8)
            else {
                throw GloveboxError("request.invalid", "the query has a parameter that is unknown, repeated or empty")
            }
            out[String(halves[0])] = value
        }
        return out
    }
}
