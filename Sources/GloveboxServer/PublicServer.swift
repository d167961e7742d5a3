package import GloveboxAPI
internal import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// The HTTP server of what a site shows to everyone.
///
/// It speaks plain HTTP: every byte it serves is public and signed or hashed, and a proxy adds TLS.
package struct PublicServer: Service {
    private let responder: PublicResponder
    private let host: String
    private let port: Int
    private let onReady: @Sendable () async -> Void

    /// A server; nothing is opened yet.
    ///
    /// `onReady` is called once it takes requests.
    package init(
        site: any PublicSite,
        host: String,
        port: Int,
        logger: Logger,
        onReady: @escaping @Sendable () async -> Void = {}
    ) {
        responder = PublicResponder(site: site, logger: logger)
        self.host = host
        self.port = port
        self.onReady = onReady
    }

    /// Serves until the service group shuts down.
    package func run() async throws {
        let (responder, onReady) = (responder, onReady)
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in await responder.answer(request) },
            server: .http1(configuration: GracefulServer.channel),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { _ in await onReady() },
            logger: responder.logger
        )
        try await GracefulServer.run(application, responder.logger)
    }
}
