internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// What the servers of a site have in common.
enum GracefulServer {
    /// Runs to the end and never cancels what runs.
    ///
    /// A cancelled NIO server drops connections it has accepted and not yet served, which traps (swift-nio issue 2637).
    /// So a cancel is turned into a graceful shutdown, and the server has a task that nobody cancels.
    static func run(_ application: some ApplicationProtocol, _ logger: Logger) async throws {
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        let serving = Task.detached { try await group.run() }
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await serving.value
        } onCancelOrGracefulShutdown: {
            Task { await group.triggerGracefulShutdown() }
        }
    }

    /// HTTP/1.1 with small heads and no idle connections.
    static var channel: HTTP1Channel.Configuration {
        var configuration = HTTP1Channel.Configuration(idleTimeout: .seconds(60))
        configuration.httpDecoder = .init(
            maxHeaderFieldSize: 32_768,
            maxHeaderListSize: 32_768,
            maxHeaderFieldCount: 100
        )
        return configuration
    }
}
