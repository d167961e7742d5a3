internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// What is known of a request's connection.
struct APIContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?
    /// The connection.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        remoteAddress = source.channel.remoteAddress
    }

    /// The caller's address without its port, or `socket`.
    var source: String { remoteAddress?.ipAddress ?? "socket" }
}
