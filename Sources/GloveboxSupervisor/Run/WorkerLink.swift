internal import Glibc
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxLinux

/// A worker as the supervisor sees it: it has come for one job, and starts that job's jails.
///
/// Only the launcher is the worker's child. Plan, keys, data and outputs stay with the supervisor, which speaks with the
/// launcher itself and believes nothing but what the kernel says of it.
struct WorkerLink: JailLender, Worker {
    /// The job it has come for.
    let task: String
    /// The process, for the log.
    let process: Int32
    let launcher: String
    /// Digest of the launcher as it was measured when the supervisor started.
    private let digest: Digest
    private let socket: PacketSocket

    /// How long a worker may take for a jail, in seconds.
    private static let patience = 60

    /// Takes in one who has come for a job.
    init(_ visit: Visit, task: String, host: HostFacts) {
        (launcher, digest) = (host.launcherPath, host.launcher)
        (socket, process, self.task) = (visit.socket, visit.process, task)
    }

    /// One who has come in, and what it says first.
    struct Visit {
        let socket: PacketSocket
        let process: Int32
        let message: WorkerMessage
        let files: [Descriptor]
    }

    /// Hears who has connected.
    ///
    /// - Throws: `worker.foreign` for another user's process or another program than the supervisor's own; `worker.message`.
    static func visit(_ connection: Descriptor) throws(GloveboxError) -> Visit {
        let socket = PacketSocket(connection)
        do { try connection.setTimeout(seconds: Self.patience) } catch { throw error.coded("worker.socket") }
        // Read first: a socket that is closed over unread words loses the answer.
        let offer = try Self.answer(of: socket)
        let caller: Int32
        do throws(SyscallError) {
            let (process, user) = try connection.peer()
            let (own, other) = (try FileStatus.of("/proc/self/exe"), try FileStatus.of("/proc/\(process)/exe"))
            guard user == geteuid(), (own.device, own.inode) == (other.device, other.inode) else {
                throw SyscallError("getsockopt(SO_PEERCRED)", EPERM)
            }
            caller = process
        } catch {
            throw error.coded("worker.foreign", hint: "A worker is the gloveboxd that serves the site, as its user.")
        }
        return Visit(
            socket: socket,
            process: caller,
            message: try WorkerMessage(offer.message),
            files: offer.files
        )
    }

    var mark: String { "process \(process)" }

    var place: String { "localhost, process \(process)" }

    var isRemote: Bool { false }

    func objection(to entry: JobEntry) -> GloveboxError? { nil }

    var protections: JailProtections? { nil }

    var isGone: Bool { socket.isClosed }

    func jails(
        of entry: JobEntry,
        at site: Site,
        proving evidence: () throws(GloveboxError) -> KeyEvidence
    ) -> JailRun { JailRun(lender: self) }

    func lend() throws(GloveboxError) -> LentJail {
        do { try socket.send(WorkerMessage.launch(launcher).bytes) } catch { throw LentJail.lost }
        let (message, files) = try Self.answer(of: socket)
        if files.isEmpty, case .fault(let why) = try WorkerMessage(message) { throw why }
        let jail = try LentJail(message: message, files: files)
        do throws(GloveboxError) {
            guard try Machine.sha256(file: "/proc/\(jail.number())/exe") == digest else {
                throw GloveboxError("worker.jail", "the worker started another launcher than the one that was measured")
            }
        } catch {
            jail.discard()
            throw error
        }
        return jail
    }

    func dismiss() { say(.ended) }

    func refuse(_ why: GloveboxError) { say(.fault(why)) }

    private func say(_ message: WorkerMessage) {
        do { try socket.send(message.bytes) } catch {}  // one that is gone needs no word
    }

    private static func answer(
        of socket: PacketSocket
    ) throws(GloveboxError) -> (message: [UInt8], files: [Descriptor]) {
        do {
            guard let answer = try socket.receive() else { throw SyscallError("recvmsg", EPIPE) }
            return answer
        } catch { throw LentJail.lost }
    }
}
