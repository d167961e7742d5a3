internal import GloveboxAPI
internal import GloveboxCore

/// The path and query of a request, below the base and split, but not decoded.
struct RequestTarget: Sendable {
    /// The two APIs of a site.
    enum API: Sendable {
        /// `/glovebox/v1`.
        case native
        /// GA4GH TES, at `/ga4gh/tes/v1` and at `/v1`.
        case tasks
    }

    /// Which API is asked.
    let api: API
    /// The segments below the base, still percent-encoded.
    let segments: [Substring.UTF8View]
    private let pairs: [Substring]

    private static let bases: [(path: String, api: API)] = [
        (GloveboxClient.base + "/", .native), ("/ga4gh/tes/v1/", .tasks), ("/v1/", .tasks),
    ]

    /// Splits a request's target; nil unless it begins with a base.
    init?(_ target: String) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = halves.first,
            let base = Self.bases.first(where: { path.utf8.starts(with: $0.path.utf8) })
        else { return nil }
        api = base.api
        segments = path.dropFirst(base.path.count).split(separator: "/", omittingEmptySubsequences: false).map(\.utf8)
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
    /// - Throws: `request.invalid` for an unknown one, or one that comes again and may not.
    func query(knowing names: Set<String>, repeating: Set<String>) throws(GloveboxError) -> Query {
        var out = Query()
        for pair in pairs where !pair.isEmpty || pairs.count > 1 || repeating.isEmpty {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = halves.first.map(String.init), names.contains(name),
                out[name] == nil || repeating.contains(name)
            else {
                let shown = Display.escape(String(halves.first ?? ""))
                throw GloveboxError("request.invalid", "the query parameter '\(shown)' is unknown or repeated")
            }
            guard let value = Query.decode(halves.count > 1 ? halves[1] : ""),
                !value.isEmpty || repeating.contains(name)
            else { throw GloveboxError("request.invalid", "the query parameter \(name) is empty or not readable") }
            out.pairs.append((name, value))
        }
        return out
    }
}
