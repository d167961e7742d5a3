internal import Glibc
package import GloveboxCore
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Where other machines come in: TLS 1.3 with certificates on both sides.
package final class LinkListener: Sendable {
    /// The port it listens on.
    package let port: Int
    private let channel: any Channel

    /// Most connections at once, counted from before their certificate is looked at.
    private static let most: Int64 = 256

    /// Listens; `accepts` is asked with a certificate (DER) whose key the other side holds, and must not wait for anything.
    ///
    /// `take` is given each connection that was accepted, on a thread of NIO's, and must not wait either.
    ///
    /// - Throws: `link.listen`.
    package init(
        host: String,
        port: Int,
        credentials: LinkCredentials,
        accepts: @escaping @Sendable ([UInt8]) -> Bool,
        take: @escaping @Sendable (LinkSocket, _ certificate: [UInt8]) -> Void
    ) throws(GloveboxError) {
        let open = Atomic64()
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: credentials.chain.map { .certificate($0) },
                privateKey: .privateKey(credentials.key)
            )
            configuration.minimumTLSVersion = .tlsv13
            // A certificate is demanded; which one is good enough is not for a root store to say.
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates([])
            let context = try NIOSSLContext(configuration: configuration)
            channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(ChannelOptions.socketOption(.so_keepalive), value: 1)
                .childChannelInitializer { child in
                    guard open.add(1) <= Self.most else {
                        _ = open.add(-1)
                        return child.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
                    }
                    child.closeFuture.whenComplete { _ in _ = open.add(-1) }
                    let patience = child.eventLoop.scheduleTask(in: .seconds(30)) { child.close(promise: nil) }
                    return child.setKeepAlive().flatMap {
                        SecureEnd.attach(
                            child,
                            {
                                NIOSSLServerHandler(context: context) { chain, promise in
                                    do {
                                        let bytes = try chain.first?.toDERBytes() ?? []
                                        promise.succeed(accepts(bytes) ? .certificateVerified : .failed)
                                    } catch { promise.succeed(.failed) }
                                }
                            }
                        ) { result in
                            patience.cancel()
                            if case .success(let end) = result { take(LinkSocket(end.socket), end.certificate) }
                        }
                    }
                }
                .bind(host: host, port: port).wait()
        } catch {
            throw GloveboxError("link.listen", "cannot listen on \(Display.escape(host)):\(port): \(error)")
        }
        self.port = channel.localAddress?.port ?? port
    }

    /// Takes nobody in any more.
    package func close() { channel.close(promise: nil) }
}

/// A count that several threads keep.
private final class Atomic64: Sendable {
    private let value = Atomic<Int64>(0)

    func add(_ amount: Int64) -> Int64 { value.add(amount, ordering: .relaxed).newValue }
}

extension LinkSocket {
    /// Connects to another machine, which must show a certificate for its name under one of the authorities in a PEM file.
    ///
    /// - Throws: `link.unreachable`, `link.refused` when TLS fails, `link.credentials`.
    package static func connected(
        host: String,
        port: Int,
        credentials: LinkCredentials,
        authorities: String
    ) throws(GloveboxError) -> LinkSocket {
        let context: NIOSSLContext
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv13
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities))
            configuration.certificateChain = credentials.chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(credentials.key)
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw GloveboxError("link.credentials", "\(Display.escape(authorities)) cannot be used: \(error)")
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: SecureEnd.self)
        let name = SocketAddress.isAddress(host) ? nil : host
        let patience = loop.scheduleTask(in: .seconds(60)) { promise.fail(ChannelError.connectTimeout(.seconds(60))) }
        defer { patience.cancel() }
        do {
            _ = try ClientBootstrap(group: loop).connectTimeout(.seconds(30))
                .channelOption(ChannelOptions.socketOption(.so_keepalive), value: 1)
                .channelInitializer { channel in
                    channel.setKeepAlive().flatMap {
                        SecureEnd.attach(
                            channel,
                            { try NIOSSLClientHandler(context: context, serverHostname: name) }
                        ) { promise.completeWith($0) }
                    }
                }
                .connect(host: host, port: port).wait()
        } catch {
            promise.fail(error)
            throw GloveboxError("link.unreachable", "cannot reach \(Display.escape(host)):\(port): \(error)")
        }
        do { return LinkSocket(try promise.futureResult.wait().socket) } catch {
            throw GloveboxError(
                "link.refused",
                "\(Display.escape(host)):\(port) and this machine do not take each other's certificates: \(error)"
            )
        }
    }
}

extension SocketAddress {
    fileprivate static func isAddress(_ host: String) -> Bool {
        do {
            _ = try SocketAddress(ipAddress: host, port: 0)
            return true
        } catch { return false }
    }
}

extension Channel {
    /// Has the kernel find out within a minute that the other machine is gone.
    fileprivate func setKeepAlive() -> EventLoopFuture<Void> {
        let times = [(TCP_KEEPIDLE, 30), (TCP_KEEPINTVL, 10), (TCP_KEEPCNT, 3)]
        return EventLoopFuture.andAllSucceed(
            times.map { setOption(ChannelOptions.tcpOption(.init(rawValue: $0)), value: numericCast($1)) },
            on: eventLoop
        )
    }
}
