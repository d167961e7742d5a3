package import GloveboxAPI
package import GloveboxCore
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// The HTTP server of a site: on a unix socket that only its own user can reach, or on TCP.
package struct APIServer: Service {
    private enum Place {
        case socket(SocketFile)
        case network(NetworkAddress)
    }

    private let place: Place
    private let dispatcher: Dispatcher
    private let logger: Logger
    private let patience: RequestDeadline.Patience
    private let onReady: @Sendable (_ port: Int?) async -> Void

    /// A server on a unix socket; nothing is opened yet.
    ///
    /// The socket's directory must be the user's own with mode 0700. `onReady` is called once the socket takes requests.
    ///
    /// - Throws: `config.invalid` for a path or directory that will not do.
    package init(
        _ dispatcher: Dispatcher,
        socket: String,
        logger: Logger,
        onReady: @escaping @Sendable () async -> Void = {}
    ) throws(GloveboxError) {
        place = .socket(try SocketFile(path: socket))
        self.dispatcher = dispatcher
        self.logger = logger
        patience = RequestDeadline.Patience()
        self.onReady = { _ in await onReady() }
    }

    /// A server on TCP; nothing is opened yet, but the files of TLS have been read.
    ///
    /// `onReady` gets the port.
    ///
    /// - Throws: `config.invalid`.
    package init(
        _ dispatcher: Dispatcher,
        network: NetworkAddress,
        logger: Logger,
        onReady: @escaping @Sendable (_ port: Int?) async -> Void = { _ in }
    ) throws(GloveboxError) {
        try self.init(dispatcher, network: network, patience: RequestDeadline.Patience(), logger: logger, onReady)
    }

    init(
        _ dispatcher: Dispatcher,
        network: NetworkAddress,
        patience: RequestDeadline.Patience,
        logger: Logger,
        _ onReady: @escaping @Sendable (_ port: Int?) async -> Void
    ) throws(GloveboxError) {
        _ = try network.configuration()
        place = .network(network)
        self.dispatcher = dispatcher
        self.logger = logger
        self.patience = patience
        self.onReady = onReady
    }

    /// Serves until the service group shuts down.
    package func run() async throws {
        switch place {
        case .socket(let socket):
            try socket.prepare()
            defer { socket.remove() }
            let (logger, onReady) = (logger, onReady)
            try await serve(.unixDomainSocket(path: socket.path), .http1(configuration: channel)) { _ in
                do throws(GloveboxError) {
                    try socket.protect()
                    await onReady(nil)
                } catch {
                    logger.critical("the socket cannot be protected", metadata: ["error": .string(error.description)])
                }
            }
        case .network(let network):
            var server = HTTPServerBuilder.http1(configuration: channel)
            if let tls = try network.configuration() { server = try .tls(server, tlsConfiguration: tls) }
            try await serve(.hostname(network.host, port: network.port), server, onReady)
        }
    }

    private var channel: HTTP1Channel.Configuration {
        var configuration = GracefulServer.channel
        let patience = patience
        configuration.additionalChannelHandlers = { [RequestDeadline(patience)] }
        return configuration
    }

    private func serve(
        _ address: BindAddress,
        _ server: HTTPServerBuilder,
        _ onReady: @escaping @Sendable (_ port: Int?) async -> Void
    ) async throws {
        let dispatcher = dispatcher
        let application = Application(
            responder: CallbackResponder<APIContext> { request, context in
                Self.response(await dispatcher.answer(request, from: context.source, over: context.channel))
            },
            server: server,
            configuration: ApplicationConfiguration(address: address),
            onServerRunning: { channel in await onReady(channel.localAddress?.port) },
            logger: logger
        )
        try await GracefulServer.run(application, logger)
    }

    private static func response(_ answer: Answer) -> Response {
        var headers = HTTPFields()
        if !answer.type.isEmpty { headers[.contentType] = answer.type }
        headers[.cacheControl] = "no-store"
        if let name = HTTPField.Name("X-Content-Type-Options") { headers[name] = "nosniff" }
        if answer.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        let status = HTTPResponse.Status(code: answer.status)
        guard let stream = answer.stream else {
            let body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer.bytes))
            return Response(status: status, headers: headers, body: body)
        }
        let body = ResponseBody { writer in
            defer { answer.onEnd?() }
            for await piece in stream.cancelOnGracefulShutdown() { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }
}
