internal import Foundation
internal import GloveboxCore
internal import GloveboxLink
internal import Logging

/// Where nodes come in: TLS on a port of its own, with certificates on both sides.
struct NodeDoor {
    private let listener: LinkListener

    /// Opens it; `take` is given each node that the registry lets in and that has said for which job it has come, on a
    /// thread of its own.
    ///
    /// - Throws: `link.credentials`, `link.listen`.
    init(
        _ site: Site,
        settings: NodeSettings,
        logger: Logger,
        take: @escaping @Sendable (RemoteWorker) -> Void
    ) throws(GloveboxError) {
        @Sendable func refused(_ why: GloveboxError) {
            logger.warning("a node was refused", metadata: ["code": "\(why.code)", "why": "\(why.message)"])
        }
        listener = try LinkListener(
            host: settings.listen.host,
            port: settings.listen.port,
            credentials: LinkCredentials(certificate: settings.certificate, key: settings.key)
        ) { certificate in
            do throws(GloveboxError) { _ = try site.knownNode(presenting: certificate) } catch {
                refused(error)
                return false
            }
            return true
        } take: { link, certificate in
            let thread = Thread {
                do throws(GloveboxError) {
                    take(try RemoteWorker(link, certificate: certificate, site: site))
                } catch {
                    refused(error)
                    do { try link.send(.fault(error)) } catch {}
                }
            }
            thread.name = "node"
            thread.start()
        }
    }

    /// The port that nodes connect to.
    var port: Int { listener.port }
}
