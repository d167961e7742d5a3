internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxLink
internal import GloveboxLinux
internal import GloveboxMeasure

/// One job's jails on this machine, for a site on another.
///
/// It runs nothing but what the site's root vouches for: a plan that is signed and approved by people of the site's trust
/// files, in the jail that the plan describes, from the image and the code whose digests it names. What it is given of the
/// job's files stands in the jail's own memory, and goes with it.
package struct NodeWorker {
    private let keys: NodeKeys
    private let supervisor: (host: String, port: Int)
    private let task: String

    /// A node's worker for one job; `keys` is the node's directory.
    ///
    /// - Throws: `storage.read`, `key.*`, `pem.invalid`, `cert.chain`; `request.invalid` for what is no address.
    package init(keys: String, supervisor: String, task: String) throws(GloveboxError) {
        self.keys = try NodeKeys(keys)
        guard let colon = supervisor.lastIndex(of: ":"),
            let port = UInt16(supervisor[supervisor.index(after: colon)...])
        else {
            throw GloveboxError("request.invalid", "--supervisor is an address and a port, such as site.example:8472")
        }
        var host = String(supervisor[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.supervisor = (host, Int(port))
        self.task = task
    }

    /// Waits until the job may run, runs its jails, and returns when its run is over, however that ended.
    ///
    /// It must stay on one thread that lives as long: the kernel kills a jail when the thread that started it ends.
    ///
    /// - Throws: `worker.orphaned` when the site is gone, or lets this node not in; `worker.order` and codes of `verify` for
    ///   what the node does not run; what the site refuses with; `link.*`.
    package func run() throws(GloveboxError) {
        let machine = try NodeMachine()
        let link = try LinkSocket.connected(
            host: supervisor.host,
            port: supervisor.port,
            credentials: LinkCredentials(certificate: keys.certificate, key: keys.key),
            authorities: keys.authorities
        )
        do throws(GloveboxError) {
            try link.send(machine.offer(task))
            var desk = NodeDesk(keys: keys, task: task, launcher: machine.launcher, link: link)
            while true {
                switch try link.message() {
                case .order(let order): try desk.serve(order)
                case .over: return
                default: throw NodeMessage.unexpected
                }
            }
        } catch {
            if error.code == LinkSocket.lost.code { throw Self.orphaned }
            // The site's own words need no answer, and one that is gone hears none.
            do { try link.send(.fault(error)) } catch {}
            link.finish(milliseconds: 10_000)
            throw error
        }
    }

    private static let orphaned = GloveboxError(
        "worker.orphaned",
        "the site is gone, or does not let this node in",
        hint:
            "What becomes of the job is in the site's log; 'glovebox node list' tells an operator whether the node counts."
    )
}
