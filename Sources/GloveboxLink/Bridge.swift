internal import GloveboxCore
internal import GloveboxLinux
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// One of two handlers that pass on to each other's channel what their own reads, no faster than the other can write.
final class Bridge: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var partner: Bridge?
    private var context: ChannelHandlerContext?
    /// A read that waits until the other channel can write.
    private var isHeld = false
    /// What is done once TLS has verified both sides, or when that fails.
    private var arrival: ((Result<ChannelHandlerContext, any Error>) -> Void)?

    init(arrival: ((Result<ChannelHandlerContext, any Error>) -> Void)? = nil) { self.arrival = arrival }

    /// Joins two.
    static func join(_ one: Bridge, _ other: Bridge) { (one.partner, other.partner) = (other, one) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { (self.context, partner) = (nil, nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard let other = partner?.context else { return }
        other.write(wrapOutboundOut(buffer), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) { partner?.context?.flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.resume() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if let other = partner?.context, !other.channel.isWritable { isHeld = true } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        arrive(.failure(ChannelError.eof))
        partner?.end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        arrive(.failure(error))
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { arrive(.success(context)) }
        // The socket behind TLS says no more: it is closed when what it said has gone over, so that its other end can wait.
        if case .inputClosed? = event as? ChannelEvent { partner?.end() }
        context.fireUserInboundEventTriggered(event)
    }

    private func arrive(_ result: Result<ChannelHandlerContext, any Error>) {
        let done = arrival
        arrival = nil
        done?(result)
    }

    private func resume() {
        guard isHeld else { return }
        isHeld = false
        context?.read()
    }

    /// Closes when all is written.
    private func end() {
        guard let context else { return }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// What is behind TLS, as a socket for threads that wait.
struct SecureEnd: Sendable {
    /// Plain text, both ways.
    let socket: Descriptor
    /// The certificate whose key the other side holds, DER.
    let certificate: [UInt8]

    /// Puts TLS before a channel and a socket behind it, which is handed out once both sides are verified.
    static func attach(
        _ channel: any Channel,
        _ tls: @escaping @Sendable () throws -> NIOSSLHandler,
        _ arrived: @escaping @Sendable (Result<SecureEnd, any Error>) -> Void
    ) -> EventLoopFuture<Void> {
        let loop = channel.eventLoop
        let near: Descriptor
        let far: Int32
        do throws(SyscallError) {
            let pair = try Descriptor.socketPair(stream: true)
            near = pair.0
            far = try pair.1.released()
        } catch { return loop.makeFailedFuture(error) }
        let outer = Bridge { result in
            arrived(
                Result {
                    let context = try result.get()
                    let certificate = try context.pipeline.syncOperations.nioSSL_peerCertificate()
                    return SecureEnd(socket: near, certificate: try certificate?.toDERBytes() ?? [])
                }
            )
        }
        let inner = Bridge()
        Bridge.join(outer, inner)
        let (boundOuter, boundInner) = (NIOLoopBound(outer, eventLoop: loop), NIOLoopBound(inner, eventLoop: loop))
        return ClientBootstrap(group: loop).channelOption(.allowRemoteHalfClosure, value: true).channelInitializer {
            local in
            local.eventLoop.makeCompletedFuture { try local.pipeline.syncOperations.addHandler(boundInner.value) }
        }.withConnectedSocket(far).flatMapThrowing { _ in
            try channel.pipeline.syncOperations.addHandler(tls())
            try channel.pipeline.syncOperations.addHandler(boundOuter.value)
        }
    }
}
