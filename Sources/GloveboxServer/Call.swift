internal import GloveboxAPI
internal import GloveboxCore

/// One request after login, authorisation and reading: everything a handler looks at.
struct Call: Sendable {
    /// The site.
    let service: any DatasiteService
    /// Who asks; nil without login.
    let login: Caller?
    /// The variable segments of the path, decoded, in order; `**` gives its segments joined by `/`.
    let arguments: [String]
    /// The query's parameters.
    let query: [String: String]
    /// The body of a JSON request.
    let body: [UInt8]
    /// The file of an upload.
    let upload: BlobUpload?

    /// Who asks.
    ///
    /// - Throws: `auth.missing`.
    var caller: Caller {
        get throws(GloveboxError) {
            guard let login else { throw Self.noLogin }
            return login
        }
    }

    /// The error for a caller without login.
    static let noLogin = GloveboxError(
        "auth.missing",
        "this needs a login",
        hint: "Send a bearer token; glovebox login keeps one for you."
    )

    /// The variable segment at a place.
    ///
    /// - Throws: `internal` when the route has no such segment.
    func argument(_ index: Int) throws(GloveboxError) -> String {
        guard arguments.indices.contains(index) else { throw GloveboxError("internal", "route without argument") }
        return arguments[index]
    }

    /// A variable segment that is a digest, `sha256:<hex>`.
    ///
    /// - Throws: `object.not-found` for anything else.
    func digest(_ index: Int) throws(GloveboxError) -> Digest {
        guard let digest = Digest(named: try argument(index)) else {
            throw GloveboxError("object.not-found", "a plan is named by sha256: and 64 lower-case hex digits")
        }
        return digest
    }

    /// The body as a value.
    func read<Value: APIValue>(_ type: Value.Type = Value.self) throws(GloveboxError) -> Value {
        try Value(json: body.isEmpty ? [:] : JSONReader.read(body))
    }

    /// A query parameter that is an index into the log; 0 when it is missing.
    func index(_ name: String) throws(GloveboxError) -> UInt64 {
        guard let text = query[name] else { return 0 }
        guard let number = UInt64(text), String(number) == text, number <= UInt64(Int64.max) else {
            throw GloveboxError("request.invalid", "\(name) must be a plain decimal number")
        }
        return number
    }

    /// A query parameter that is a number of seconds, 0 to 30; 0 when it is missing.
    func seconds(_ name: String) throws(GloveboxError) -> Int {
        guard let text = query[name] else { return 0 }
        guard let number = Int(text), String(number) == text, (0...30).contains(number) else {
            throw GloveboxError("request.invalid", "\(name) must be a number of seconds from 0 to 30")
        }
        return number
    }
}
