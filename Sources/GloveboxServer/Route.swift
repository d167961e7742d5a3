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
        /// A stream of at most 256 MiB that goes to disk.
        case upload
    }

    /// What a route does once a request may be made.
    typealias Handler = @Sendable (Call) async throws -> Answer

    /// The HTTP method.
    let method: HTTPRequest.Method
    /// The path below the base: fixed segments, `*` for one variable segment, a final `**` for one or more.
    let path: String
    /// What is asked; the roles that may ask stand there.
    let operation: Operation
    /// What a request carries.
    let body: Body
    /// The query parameters it knows.
    let query: Set<String>
    private let handler: Handler

    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ operation: Operation,
        body: Body = .none,
        query: Set<String> = [],
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.operation = operation
        self.body = body
        self.query = query
        self.handler = handler
    }

    /// Does it.
    func answer(_ call: Call) async throws(GloveboxError) -> Answer {
        do {
            return try await handler(call)
        } catch let error as GloveboxError {
            throw error
        } catch {
            throw GloveboxError("internal", "unexpected error: \(error)")
        }
    }

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
            } else if !segment.elementsEqual(part.utf8) {
                return nil
            }
        }
        return rest.isEmpty ? out : nil
    }
}
