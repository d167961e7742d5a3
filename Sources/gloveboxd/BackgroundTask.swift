import ServiceLifecycle

/// Work that goes on beside the servers and is cancelled when they shut down.
struct BackgroundTask: Service {
    let work: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
        // A service that returns takes the others down with it.
        try await gracefulShutdown()
    }
}
