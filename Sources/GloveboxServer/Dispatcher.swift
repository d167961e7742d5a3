package import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
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

    /// A dispatcher.
    ///
    /// `uploads` is the absolute path of a directory of the site's own, mode 0700, for uploads in progress.
    package init(
        service: any DatasiteService,
        authenticator: any Authenticator,
        uploads: String,
        logger: Logger
    ) {
        self.service = service
        self.authenticator = authenticator
        self.uploads = UploadDirectory(path: uploads)
        self.logger = logger
    }

    /// Answers a request.
    func answer(_ request: Request) async -> Answer {
        let instance = RequestIdentifier.make()
        do throws(GloveboxError) {
            let (route, target) = try find(request)
            let answer = try await answer(request, route, target)
            logger.info("request", metadata: metadata(request, route.path, answer.status, instance))
            return answer
        } catch {
            let answer = Answer.problem(error, instance: instance)
            var fields = metadata(request, nil, answer.status, instance)
            fields["code"] = .string(Display.escape(error.code))
            if answer.status >= 500 { fields["error"] = .string(Display.escape(error.description)) }
            logger.log(level: answer.status >= 500 ? .error : .info, "request refused", metadata: fields)
            return answer
        }
    }

    private func answer(
        _ request: Request,
        _ route: Route,
        _ target: RequestTarget
    ) async throws(GloveboxError) -> Answer {
        let login = try await login(request, route.operation)
        try check(request, route)
        let query = try target.query(knowing: route.query)
        let arguments = try target.arguments(route)
        guard route.body == .upload else {
            let body = try await read(request, route)
            return try await route.answer(call(login, arguments, query, body: body))
        }
        let upload = try await uploads.receive(request.body, announced: request.length)
        do throws(GloveboxError) {
            let answer = try await route.answer(call(login, arguments, query, upload: upload))
            uploads.remove(upload)
            return answer
        } catch {
            uploads.remove(upload)
            throw error
        }
    }

    private func call(
        _ login: Caller?,
        _ arguments: [String],
        _ query: [String: String],
        body: [UInt8] = [],
        upload: BlobUpload? = nil
    ) -> Call {
        Call(service: service, login: login, arguments: arguments, query: query, body: body, upload: upload)
    }

    private func find(_ request: Request) throws(GloveboxError) -> (Route, RequestTarget) {
        let unknown = GloveboxError("object.not-found", "no such path")
        guard let target = RequestTarget(request.head.path ?? "") else { throw unknown }
        let matching = RouteTable.routes.filter { $0.match(target.segments) != nil }
        guard !matching.isEmpty else { throw unknown }
        guard let route = matching.first(where: { $0.method == request.method }) else {
            let known = matching.map(\.method.rawValue).joined(separator: ", ")
            throw GloveboxError("request.method", "this path knows only \(known)")
        }
        return (route, target)
    }

    /// Who asks, if the operation is open to them.
    private func login(_ request: Request, _ operation: Operation) async throws(GloveboxError) -> Caller? {
        if operation.allows(nil) { return nil }
        guard let header = request.headers[.authorization] else { throw Call.noLogin }
        guard header.utf8.starts(with: "Bearer ".utf8) else { throw Call.noLogin }
        let caller = try await authenticator.authenticate(token: String(header.dropFirst(7)))
        guard operation.allows(caller.roles) else {
            throw GloveboxError(
                "auth.forbidden",
                "none of this account's roles may do this: \(caller.roles.names.joined(separator: ", "))"
            )
        }
        return caller
    }

    private func check(_ request: Request, _ route: Route) throws(GloveboxError) {
        let wanted: String
        switch route.body {
        case .none: return
        case .json: wanted = "application/json"
        case .upload: wanted = "application/octet-stream"
        }
        let type = request.headers[.contentType]?.split(separator: ";").first.map(String.init) ?? ""
        guard type.lowercased() == wanted else {
            throw GloveboxError("request.media-type", "the body must be \(wanted)")
        }
    }

    private func read(_ request: Request, _ route: Route) async throws(GloveboxError) -> [UInt8] {
        let limit = route.body == .json ? Self.bodyLimit : 0
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

extension Request {
    /// The length the caller announced; nil when there is none.
    var length: UInt64? { headers[.contentLength].flatMap { UInt64($0) } }
}
