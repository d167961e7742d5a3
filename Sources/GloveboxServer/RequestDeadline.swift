internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// Closes a connection whose client takes too long to say what it wants.
///
/// A request's head has ``Patience/head`` to arrive; its body has the same and a second more for each
/// ``Patience/bytesPerSecond`` it announces. Source: job-backend section 4.4.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart

    /// How long is waited.
    struct Patience: Sendable {
        /// For a head, and for what a body takes at least.
        var head: TimeAmount = .seconds(30)
        /// The slowest body.
        var bytesPerSecond: Int64 = 65_536
        /// For a body of unknown length.
        var unknown: TimeAmount = .seconds(900)
    }

    private let patience: Patience
    private var timer: Scheduled<Void>?

    init(_ patience: Patience = Patience()) { self.patience = patience }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(patience.head, context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(patience.head, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let announced = head.headerFields[.contentLength].flatMap { Int64($0) }
            let isChunked = head.headerFields[.transferEncoding] != nil
            let extra = max(0, announced ?? 0) / patience.bytesPerSecond
            start(isChunked ? patience.unknown : patience.head + .seconds(min(extra, 86_400)), context)
        case .body: break
        case .end: stop()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // The next request may take as long to come as an idle connection may stay, and then has to come quickly.
        if case .end = unwrapOutboundIn(data) { start(.seconds(60) + patience.head, context) }
        context.write(data, promise: promise)
    }

    private func start(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func stop() {
        timer?.cancel()
        timer = nil
    }
}
