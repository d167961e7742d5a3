internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxLinux

/// One request after login, authorisation and reading: everything a handler looks at.
struct Call: Sendable {
    /// The site.
    let service: any DatasiteService
    /// What the server itself remembers.
    let tables: ServerTables
    /// Who asks; nil without login.
    let login: Caller?
    /// The variable segments of the path, decoded, in order; `**` gives its segments joined by `/`.
    let arguments: [String]
    /// The query's parameters, in order.
    let query: Query
    /// The body of a JSON request.
    var body: [UInt8] = []
    /// The file of an upload.
    var upload: BlobUpload?
    /// The request under its `Idempotency-Key`; nil without one.
    var idempotency: Idempotency?
    /// The header field `Prefer`.
    var prefer: String?
    /// The header field `If-Match`.
    var ifMatch: String?
    /// The header field `Last-Event-ID`.
    var lastEvent: String?

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
            throw GloveboxError("object.not-found", "this is named by sha256: and 64 lower-case hex digits")
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

    /// The query parameter `limit`: how many items a page has, 1 to 500.
    func limit() throws(GloveboxError) -> Int {
        guard let text = query["limit"] else { return 50 }
        guard let number = Int(text), String(number) == text, (1...500).contains(number) else {
            throw GloveboxError("request.invalid", "limit must be a number from 1 to 500")
        }
        return number
    }

    /// One page of a short list, as `limit` and `cursor` ask; the list stands whole in memory.
    func page<Item: APIValue>(_ list: ItemList<Item>, of name: String) throws(GloveboxError) -> Answer {
        let start = Int(clamping: try position(of: name) ?? 0)
        let end = min(list.items.count, start + (try limit()))
        let items = start < end ? Array(list.items[start..<end]) : []
        return .value(ItemList(items, next: end < list.items.count ? try cursor(UInt64(end), of: name) : nil))
    }

    /// The position that the query parameter `cursor` names in a list; nil without one.
    func position(of list: String) throws(GloveboxError) -> UInt64? {
        guard let text = query["cursor"] else { return nil }
        return try position(under: text, of: list)
    }

    /// The position that a cursor names in a list.
    func position(under text: String, of list: String) throws(GloveboxError) -> UInt64 {
        try tables.cursors.open(text, scope: try scope(list), now: SystemClock.now())
    }

    /// The cursor for a position in a list.
    func cursor(_ position: UInt64, of list: String) throws(GloveboxError) -> String {
        tables.cursors.seal(position, scope: try scope(list), now: SystemClock.now())
    }

    /// The caller and everything that decides what is in the list.
    private func scope(_ list: String) throws(GloveboxError) -> String {
        let filter = query.pairs.filter { !Self.paging.contains($0.name) }.map { "\($0.name)=\($0.value)" }
        return ([try caller.account, list] + filter).joined(separator: "\n")
    }

    private static let paging: Set<String> = ["cursor", "limit", "page_token", "page_size", "view"]

    /// Does something that may wait; the closure gets false when the caller or everyone has too many waits open.
    func waiting(_ isWanted: Bool, _ body: (Bool) async throws -> Answer) async throws -> Answer {
        let account = try caller.account
        guard isWanted, tables.limiter.begin(.wait, of: account) else { return try await body(false) }
        defer { tables.limiter.end(.wait, of: account) }
        return try await body(true)
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
