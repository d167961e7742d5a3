package import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxLinux
internal import HTTPTypes
internal import Hummingbird
package import Logging
internal import NIOCore

/// Takes a request from its first byte to its answer: route, login, roles, body, service.
///
/// Never throws: every refusal is a `problem+json`.
package struct Dispatcher: Sendable {
    /// Greatest length of a JSON body in bytes.
    ///
    /// Source: job-backend section 4.4.
    package static let bodyLimit = 8_388_608

    private let service: any DatasiteService
    private let authenticator: any Authenticator
    private let uploads: UploadDirectory
    private let logger: Logger
    private let tables: ServerTables
    private let figures: Figures

    /// A dispatcher; servers that share it share its limits.
    ///
    /// `uploads` is the absolute path of a directory of the site's own, mode 0700, for uploads in progress.
    package init(
        service: any DatasiteService,
        authenticator: any Authenticator,
        uploads: String,
        logger: Logger,
        settings: ServerSettings = ServerSettings(),
        figures: Figures = Figures()
    ) {
        self.figures = figures
        self.service = service
        self.authenticator = authenticator
        self.uploads = UploadDirectory(path: uploads)
        self.logger = logger
        tables = ServerTables(settings)
    }

    /// Answers a request that came from an address, or from `socket`; `channel` is asked for the client's certificate.
    func answer(
        _ request: Request,
        from source: String = "socket",
        over channel: (any Channel)? = nil
    ) async -> Answer {
        let crossing = CrossOrigin(origins: tables.settings.origins)
        guard let origin = crossing.admits(request.headers.text("Origin")) else {
            return await attributedAnswer(request, source, channel)
        }
        if request.method == .options, request.headers.text("Access-Control-Request-Method") != nil {
            return crossing.preflight(for: origin, methods: routes(request).map(\.method))
        }
        var answer = await attributedAnswer(request, source, channel)
        answer.headers += crossing.headers(for: origin)
        return answer
    }

    /// The routes of a path.
    private func routes(_ request: Request) -> [Route] {
        guard let target = RequestTarget(request.head.path ?? "") else { return [] }
        return RouteTable.routes.filter { $0.api == target.api && $0.match(target.segments) != nil }
    }

    /// Answers, and has the events that follow say whence the request came.
    private func attributedAnswer(
        _ request: Request,
        _ source: String,
        _ channel: (any Channel)?
    ) async -> Answer {
        await Provenance.$current.withValue(Provenance(source: source)) {
            await ownAnswer(request, source, channel)
        }
    }

    private func ownAnswer(_ request: Request, _ source: String, _ channel: (any Channel)?) async -> Answer {
        let start = SystemClock.monotonicMilliseconds
        var path = "none"  // of a request that no route takes
        let answer = await answer(request, source, channel, &path)
        figures.count(.requests, [("route", path), ("code", String(answer.status))])
        let seconds = Double(SystemClock.monotonicMilliseconds - start) / 1000
        figures.time(.request, seconds, [("route", path)])
        return answer
    }

    private func answer(
        _ request: Request,
        _ source: String,
        _ channel: (any Channel)?,
        _ path: inout String
    ) async -> Answer {
        let instance = RequestIdentifier.make()
        var refusal: GloveboxError
        var headers: [(name: String, value: String)] = []
        do {
            let (route, target) = try find(request)
            path = route.path
            let login = try await login(request, route.operation, source, channel)
            let answer = revalidate(try await answer(request, route, target, login, source), request)
            logger.info("request", metadata: metadata(request, route.path, answer.status, instance))
            return answer
        } catch let limited as RateLimited {
            refusal = limited.error
            headers = limited.headers
        } catch let error as GloveboxError {
            refusal = error
            if StatusTable.status(of: error.code) == 503 { headers = [("Retry-After", "5")] }
        } catch {
            refusal = GloveboxError("internal", "unexpected error: \(error)")
        }
        var answer = Answer.problem(refusal, instance: instance)
        answer.headers = headers
        var fields = metadata(request, nil, answer.status, instance)
        fields["code"] = .string(Display.escape(refusal.code))
        if answer.status >= 500 { fields["error"] = .string(Display.escape(refusal.description)) }
        logger.log(level: answer.status >= 500 ? .error : .info, "request refused", metadata: fields)
        return answer
    }

    private func answer(
        _ request: Request,
        _ route: Route,
        _ target: RequestTarget,
        _ login: Caller?,
        _ source: String
    ) async throws -> Answer {
        let account = login?.account ?? source
        try tables.limiter.take(account, isRead: request.method == .get)
        try check(request, route)
        let query = try target.query(knowing: route.query, repeating: route.repeating)
        let arguments = try target.arguments(route)
        var call = Call(service: service, tables: tables, login: login, arguments: arguments, query: query)
        call.prefer = request.headers.text("Prefer")
        call.lastEvent = request.headers.text("Last-Event-ID")
        call.ifMatch = request.headers.text("If-Match")
        if route.body == .upload {
            return try await upload(request, route, call, account)
        }
        call.body = try await read(request, route)
        guard request.method == .post, let key = try idempotencyKey(request) else {
            return try await route.answer(call)
        }
        call.idempotency = IdempotencyTable.name(key, of: account, route.path, body: call.body)
        return try await once(route, call)
    }

    /// Gives what can be read a validator, and sends nothing that the caller has already.
    private func revalidate(_ answer: Answer, _ request: Request) -> Answer {
        guard request.method == .get, answer.status == 200, answer.stream == nil else { return answer }
        let tag = EntityTag(of: answer.bytes)
        let isKnown = request.headers.text("If-None-Match").map(tag.isNamed) ?? false
        var tagged = isKnown ? Answer(status: 304, type: "", bytes: []) : answer
        tagged.headers = answer.headers + [("ETag", tag.text)]
        return tagged
    }

    /// Answers a request with an `Idempotency-Key`: once, and then as before.
    private func once(_ route: Route, _ call: Call) async throws -> Answer {
        guard let (name, body) = call.idempotency.map({ ($0.name, $0.body) }) else {
            return try await route.answer(call)
        }
        switch try tables.answers.begin(name, body: body) {
        case .again(var answer):
            answer.headers.append(("Idempotent-Replay", "true"))
            return answer
        case .first:
            do {
                let answer = try await route.answer(call)
                // Secrets are shown once, and not kept to be shown again.
                tables.answers.finish(name, with: route.showsSecret ? nil : answer)
                return answer
            } catch {
                tables.answers.finish(name, with: nil)
                throw error
            }
        }
    }

    private func upload(_ request: Request, _ route: Route, _ call: Call, _ account: String) async throws -> Answer {
        guard tables.limiter.begin(.upload, of: account) else { throw RateLimited(seconds: 5, limit: 2) }
        defer { tables.limiter.end(.upload, of: account) }
        let upload = try await uploads.receive(request.body, announced: request.length)
        defer { uploads.remove(upload) }
        var call = call
        call.upload = upload
        return try await route.answer(call)
    }

    private func idempotencyKey(_ request: Request) throws(GloveboxError) -> String? {
        guard let key = request.headers.text("Idempotency-Key") else { return nil }
        guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw GloveboxError("request.invalid", "an Idempotency-Key is 1 to 128 visible ASCII characters")
        }
        return key
    }

    private func find(_ request: Request) throws(GloveboxError) -> (Route, RequestTarget) {
        let unknown = GloveboxError("object.not-found", "no such path")
        guard let target = RequestTarget(request.head.path ?? "") else { throw unknown }
        let matching = routes(request)
        guard !matching.isEmpty else { throw unknown }
        guard let route = matching.first(where: { $0.method == request.method }) else {
            let known = matching.map(\.method.rawValue).joined(separator: ", ")
            throw GloveboxError("request.method", "this path knows only \(known)")
        }
        return (route, target)
    }

    /// Who asks, if the operation is open to them.
    private func login(
        _ request: Request,
        _ operation: Operation,
        _ source: String,
        _ channel: (any Channel)?
    ) async throws -> Caller? {
        if operation.allows(nil) { return nil }
        guard let token = Credentials.token(request.headers[.authorization]) else { throw Call.noLogin }
        if source != "socket" { try tables.limiter.checkLogins(from: source) }
        let caller: Caller
        do throws(GloveboxError) { caller = try await authenticator.authenticate(token: token) } catch {
            noteFailedLogin(from: source)
            throw error
        }
        do throws(GloveboxError) {
            try checkNetwork(of: caller, source)
            try await checkCertificate(of: caller, source, channel)
        } catch {
            // A token from elsewhere, or without its certificate, may be a stolen one.
            noteFailedLogin(from: source)
            try await authenticator.noteRefused(error)
            throw error
        }
        guard operation.allows(caller.roles) else {
            throw GloveboxError(
                "auth.forbidden",
                "none of this account's roles may do this: \(caller.roles.names.joined(separator: ", "))"
            )
        }
        if let scope = operation.scope, !caller.scopes.contains(scope) {
            throw GloveboxError(
                "auth.forbidden",
                "this token is not good for \(scope.rawValue)",
                hint: "Use a token with that scope; 'glovebox token create' makes one."
            )
        }
        return caller
    }

    /// Guesses are slowed down; the socket's own people need no guesses.
    private func noteFailedLogin(from source: String) {
        figures.count(.failedLogins)
        if source != "socket" { tables.limiter.noteFailedLogin(from: source) }
    }

    /// Some tokens are good from some addresses alone, and such a one is good for no socket.
    private func checkNetwork(of caller: Caller, _ source: String) throws(GloveboxError) {
        guard !caller.networks.isEmpty else { return }
        for network in caller.networks where try NetworkBlock(network).contains(source) { return }
        throw GloveboxError("auth.network", "this token is not good from \(Display.escape(source))")
    }

    /// Some roles need one of the account's certificates beside the token, and some tokens the one they are bound to.
    ///
    /// The socket's user is known to the kernel, and needs none for a role; a bound token is good for no socket.
    private func checkCertificate(
        of caller: Caller,
        _ source: String,
        _ channel: (any Channel)?
    ) async throws(GloveboxError) {
        let roles = source == "socket" ? [] : caller.roles.intersection(tables.settings.certified)
        guard caller.boundTo != nil || !roles.isEmpty else { return }
        let shown = await ClientCertificate.key(of: channel)
        guard let shown, caller.certificates.contains(shown) else {
            throw GloveboxError(
                "auth.certificate",
                roles.isEmpty
                    ? "this token needs the client certificate it is bound to"
                    : "the role \(roles.names.joined(separator: ", ")) needs a client certificate of the account",
                hint: "Present one that is enrolled: 'glovebox certificate enroll', or through the operator."
            )
        }
        guard caller.boundTo ?? shown == shown else {
            throw GloveboxError("auth.certificate", "this token is bound to another client certificate")
        }
    }

    private func check(_ request: Request, _ route: Route) throws(GloveboxError) {
        let wanted: String
        switch route.body {
        case .none, .any: return
        case .json: wanted = "application/json"
        case .upload: wanted = "application/octet-stream"
        }
        let type = request.headers[.contentType]?.split(separator: ";").first.map(String.init) ?? ""
        guard type.lowercased() == wanted else {
            throw GloveboxError("request.media-type", "the body must be \(wanted)")
        }
    }

    private func read(_ request: Request, _ route: Route) async throws(GloveboxError) -> [UInt8] {
        let limit = route.body == .none ? 0 : Self.bodyLimit
        let tooLarge = GloveboxError("input.too-large", "the body is larger than \(limit) bytes")
        guard (request.length ?? 0) <= UInt64(limit) else { throw tooLarge }
        var bytes: [UInt8] = []
        do {
            for try await chunk in request.body {
                guard bytes.count + chunk.readableBytes <= limit else { throw tooLarge }
                bytes += chunk.readableBytesView
            }
        } catch let error as GloveboxError {
            throw error
        } catch {
            throw GloveboxError("request.invalid", "the body ended early")
        }
        return bytes
    }

    private func metadata(_ request: Request, _ path: String?, _ status: Int, _ instance: String) -> Logger.Metadata {
        [
            "method": .string(request.method.rawValue), "route": .string(path ?? "none"),
            "status": .stringConvertible(status), "request": .string(instance),
        ]
    }
}

extension HTTPFields {
    /// The value of a field by its name.
    func text(_ name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }
}

extension RateLimited {
    /// What tells a client when to come again.
    fileprivate var headers: [(name: String, value: String)] {
        [("Retry-After", String(seconds)), ("RateLimit", "limit=\(limit), remaining=0, reset=\(seconds)")]
    }
}

extension Request {
    /// The length the caller announced; nil when there is none.
    var length: UInt64? { headers[.contentLength].flatMap { UInt64($0) } }
}
