internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import HTTPTypes

/// One operation's place in the API.
struct Route: Sendable {
    /// What a request carries.
    enum Body: Sendable {
        case none
        /// JSON of at most 8 MiB.
        case json
        /// As JSON, or nothing, under any media type.
        case any
        /// A stream of at most 256 MiB that goes to disk.
        case upload
    }

    /// What a route does once a request may be made.
    typealias Handler = @Sendable (Call) async throws -> Answer

    /// Which of the two APIs it belongs to.
    let api: RequestTarget.API
    /// The HTTP method.
    let method: HTTPRequest.Method
    /// The path below the base: fixed segments, `*` for one variable segment, `*:word` for one that ends so, a final
    /// `**` for one or more.
    let path: String
    /// What is asked; the roles that may ask stand there.
    let operation: Operation
    /// What a request carries.
    let body: Body
    /// The query parameters it knows.
    let query: Set<String>
    /// Those of them that may come more than once.
    let repeating: Set<String>
    /// Whether the answer holds what is shown once.
    let showsSecret: Bool
    private let handler: Handler

    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ operation: Operation,
        api: RequestTarget.API = .native,
        body: Body = .none,
        query: Set<String> = [],
        repeating: Set<String> = [],
        showsSecret: Bool = false,
        _ handler: @escaping Handler
    ) {
        self.api = api
        self.repeating = repeating
        self.showsSecret = showsSecret
        self.method = method
        self.path = path
        self.operation = operation
        self.body = body
        self.query = query
        self.handler = handler
    }

    /// Does it.
    func answer(_ call: Call) async throws -> Answer { try await handler(call) }

    /// The variable segments of a path that has this form, still percent-encoded; nil for another form.
    func match(_ segments: [Substring.UTF8View]) -> [[Substring.UTF8View]]? {
        var out: [[Substring.UTF8View]] = []
        var rest = segments[...]
        for part in path.dropFirst().split(separator: "/") {
            if part == "**" {
                guard !rest.isEmpty else { return nil }
                out.append(Array(rest))
                return out
            }
            guard let segment = rest.popFirst() else { return nil }
            if part == "*" {
                out.append([segment])
            } else if part.first == "*" {
                let end = part.dropFirst().utf8
                guard segment.count > end.count, segment.suffix(end.count).elementsEqual(end) else { return nil }
                out.append([segment.dropLast(end.count)])
            } else if !segment.elementsEqual(part.utf8) {
                return nil
            }
        }
        return rest.isEmpty ? out : nil
    }
}
