package import GloveboxCore
internal import GloveboxJail
internal import GloveboxLinux

/// A job's own process, whoever started it: its jails are its children, in its account, and end with it.
///
/// It is given nothing of the job: neither plan nor data nor what comes out. What the scheduler's accounting shows of it
/// is how long the job's jails took.
package struct JobWorker {
    private let layout: SiteLayout
    private let task: String

    /// A worker for one job of the site that a supervisor serves on this machine.
    package init(_ layout: SiteLayout, task: String) { (self.layout, self.task) = (layout, task) }

    /// Waits until the job may run, starts its jails, and returns when its run is over, however that ended.
    ///
    /// It must stay on one thread that lives as long: the kernel kills a jail when the thread that started it ends.
    ///
    /// - Throws: `worker.unreachable`; `worker.orphaned` when the supervisor is gone, and what the supervisor refuses with.
    package func run() throws(GloveboxError) {
        let socket = try Self.connected(layout)
        do throws(SyscallError) { try socket.send(WorkerMessage.offer(task: task).bytes) } catch { throw Self.orphaned }
        var last: LentJail.Child?
        while true {
            let message: WorkerMessage
            do throws(GloveboxError) { message = try next(socket) } catch {
                // Who would have taken its account away is gone; the next supervisor takes away those of dead workers alone.
                last?.clear()
                throw error
            }
            switch message {
            case .launch(let path): last = try serve(path, socket)
            case .ended: return
            case .fault(let why): throw why
            case .offer, .bundle, .result:
                throw GloveboxError("worker.message", "the supervisor offers a job to its worker")
            }
        }
    }

    /// The supervisor's socket.
    ///
    /// - Throws: `worker.unreachable`.
    static func connected(_ layout: SiteLayout) throws(GloveboxError) -> PacketSocket {
        do { return try PacketSocket.connected(to: layout.workers) } catch {
            throw error.coded(
                "worker.unreachable",
                hint: "'gloveboxd serve' must run on this machine, with jobs.executor: worker in gloveboxd.yaml."
            )
        }
    }

    private func next(_ socket: PacketSocket) throws(GloveboxError) -> WorkerMessage {
        let received: (message: [UInt8], files: [Descriptor])?
        do { received = try socket.receive() } catch { throw Self.orphaned }
        guard let received else { throw Self.orphaned }
        return try WorkerMessage(received.message)
    }

    /// Starts one jail, hands it over, and waits for its end; nil when none could be started.
    private func serve(_ launcher: String, _ socket: PacketSocket) throws(GloveboxError) -> LentJail.Child? {
        let child: LentJail.Child
        do throws(GloveboxError) { child = try hand(launcher, over: socket) } catch {
            do throws(SyscallError) { try socket.send(WorkerMessage.fault(error).bytes) } catch { throw Self.orphaned }
            return nil
        }
        guard try child.wait(beside: socket) else { throw Self.orphaned }
        return child
    }

    /// Keeps no end of the jail's socket and streams: with the supervisor's they close.
    private func hand(_ launcher: String, over socket: PacketSocket) throws(GloveboxError) -> LentJail.Child {
        let (jail, child) = try LentJail.start(launcher)
        do { try socket.send(jail.message, jail.files) } catch {
            jail.discard()
            throw Self.orphaned
        }
        return child
    }

    static let orphaned = GloveboxError(
        "worker.orphaned",
        "the supervisor is gone",
        hint: "What becomes of its job is in the log once the site is served again."
    )
}
