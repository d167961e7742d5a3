internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLink
internal import GloveboxStore

/// A worker on another machine: it has come for one job, and builds and runs that job's jails there.
final class RemoteWorker: Worker {
    let task: String
    let mark = Machine.identifier("link")
    /// The node's name at the site.
    let name: String
    private let certificate: [UInt8]
    let protections: JailProtections?
    private let link: LinkSocket
    private let site: Site
    /// The connection's number among those of all nodes.
    private let connection: UInt64

    /// Takes in one whose certificate was accepted.
    ///
    /// - Throws: `node.*` for one that the registry gives no jobs any more, `worker.launcher` for another launcher than the
    ///   supervisor's own, `worker.message`, `link.*`.
    init(_ link: LinkSocket, certificate: [UInt8], site: Site) throws(GloveboxError) {
        let key = try site.knownNode(presenting: certificate).key
        let connection = site.nodes.open(key, at: Machine.now()) { link.close() }
        do throws(GloveboxError) {
            name = try site.node(presenting: certificate).name
            let offer = try Self.offer(link, name, site)
            (task, protections) = offer
            site.nodes.note(offer.protections.fallbacks(isBuilt: false), of: key)
        } catch {
            site.nodes.close(connection)
            throw error
        }
        (self.link, self.certificate, self.site, self.connection) = (link, certificate, site, connection)
    }

    deinit { site.nodes.close(connection) }

    private static func offer(
        _ link: LinkSocket,
        _ name: String,
        _ site: Site
    ) throws(GloveboxError) -> (task: String, protections: JailProtections) {
        guard case .offer(let task, let launcher, let protections) = try link.message(milliseconds: 60_000) else {
            throw NodeMessage.unexpected
        }
        guard launcher == site.host.launcher else {
            throw GloveboxError(
                "worker.launcher",
                "the node \(name) has another launcher than the supervisor",
                hint: "Install the same version on both machines."
            )
        }
        return (task, protections)
    }

    var place: String { name }

    var isRemote: Bool { true }

    /// Why the registry gives it no job now; asked anew each time.
    func objection(to entry: JobEntry) -> GloveboxError? {
        do throws(GloveboxError) { _ = try site.node(presenting: certificate) } catch { return error }
        return nil
    }

    var isGone: Bool { link.isClosed }

    func dismiss() { do { try link.send(.over) } catch {} }

    func refuse(_ why: GloveboxError) { do { try link.send(.fault(why)) } catch {} }

    func jails(
        of entry: JobEntry,
        at site: Site,
        proving evidence: () throws(GloveboxError) -> KeyEvidence
    ) throws(GloveboxError) -> JailRun {
        site.nodes.run(entry.job.id, over: connection)
        return JailRun(
            host: try RemoteJails(of: entry, at: site, node: (name, certificate), evidence: evidence(), over: link)
        )
    }
}
