package import GloveboxAPI
package import GloveboxCore
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// The HTTP server of a site, on a unix socket that only its own user can reach.
package struct APIServer: Service {
    private let socket: SocketFile
    private let dispatcher: Dispatcher
    private let logger: Logger
    private let onReady: @Sendable () async -> Void

    /// A server; nothing is opened yet.
    ///
    /// The socket's directory must be the user's own with mode 0700; `uploads` is such a directory too, for uploads in
    /// progress. `onReady` is called once the socket takes requests.
    ///
    /// - Throws: `config.invalid` for a path or directory that will not do.
    package init(
        service: any DatasiteService,
        authenticator: any Authenticator,
        socket: String,
        uploads: String,
        logger: Logger,
        onReady: @escaping @Sendable () async -> Void = {}
    ) throws(GloveboxError) {
        self.socket = try SocketFile(path: socket)
        self.dispatcher = Dispatcher(
            service: service,
            authenticator: authenticator,
            uploads: uploads,
            logger: logger
        )
        self.logger = logger
        self.onReady = onReady
    }

    /// Serves until the service group shuts down.
    package func run() async throws {
        try socket.prepare()
        let (socket, onReady, dispatcher, logger) = (socket, onReady, dispatcher, logger)
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                Self.response(await dispatcher.answer(request))
            },
            server: .http1(configuration: GracefulServer.channel),
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: socket.path)),
            onServerRunning: { _ in
                do throws(GloveboxError) {
                    try socket.protect()
                    await onReady()
                } catch {
                    logger.critical("the socket cannot be protected", metadata: ["error": .string(error.description)])
                }
            },
            logger: logger
        )
        defer { socket.remove() }
        try await GracefulServer.run(application, logger)
    }

    private static func response(_ answer: Answer) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = answer.type
        headers[.cacheControl] = "no-store"
        if let name = HTTPField.Name("X-Content-Type-Options") { headers[name] = "nosniff" }
        if answer.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        return Response(
            status: HTTPResponse.Status(code: answer.status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.bytes))
        )
    }
}
