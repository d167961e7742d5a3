internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import Synchronization

/// A node that has no route to the site: an operator's command has come for its job, and carries the order there in a file.
final class OfflineWorker: Worker {
    let task: String
    let mark = Machine.identifier("bundle")
    /// The node's name at the site.
    let place: String
    private let file: Descriptor
    private let socket: PacketSocket
    private let site: Site
    private let isTold = Mutex(false)

    /// Takes in the command; `file` is where the bundle goes.
    init(_ socket: PacketSocket, task: String, node: String, file: Descriptor, site: Site) {
        (self.socket, self.task, place, self.file, self.site) = (socket, task, node, file, site)
    }

    var isRemote: Bool { true }

    /// Nothing is known of a machine that has not come itself, so what is demanded of one it does not have.
    var protections: JailProtections? { JailProtections() }

    func objection(to entry: JobEntry) -> GloveboxError? {
        guard site.settings.jobs.nodes != nil else {
            return GloveboxError("worker.bundle", "this site has no nodes", hint: "See jobs.nodes in gloveboxd.yaml.")
        }
        guard entry.manifest.core.executors.count == 1 else {
            return GloveboxError("worker.bundle", "\(task) has several commands, and a bundle holds one jail")
        }
        guard entry.manifest.core.executors.allSatisfy({ $0.stdin.isEmpty }) else {
            // Nothing that comes back says what the program read there.
            return GloveboxError("worker.bundle", "\(task) reads a standard input, which no carrier is trusted with")
        }
        do throws(GloveboxError) { try site.requireEnrolled(place) } catch { return error }
        return nil
    }

    var isGone: Bool { socket.isClosed }

    func dismiss() {
        tell(.fault(GloveboxError("worker.bundle", "the run of \(task) was over before its bundle was whole")))
    }

    func refuse(_ why: GloveboxError) { tell(.fault(why)) }

    /// Says one thing, once; one that is gone needs no word.
    private func tell(_ message: WorkerMessage) {
        let isFirst = isTold.withLock { told in
            defer { told = true }
            return !told
        }
        guard isFirst else { return }
        do { try socket.send(message.bytes) } catch {}
    }

    func jails(
        of entry: JobEntry,
        at site: Site,
        proving evidence: () throws(GloveboxError) -> KeyEvidence
    ) throws(GloveboxError) -> JailRun {
        JailRun(
            host: OfflineJails(
                site: site,
                entry: entry,
                node: place,
                evidence: try evidence(),
                file: file,
                written: { [self] in tell(.ended) }
            )
        )
    }
}
