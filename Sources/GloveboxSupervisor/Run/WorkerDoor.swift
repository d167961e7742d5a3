internal import Foundation
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import Logging

/// Where workers come in: a socket in the state directory, which only the supervisor's own user can reach.
struct WorkerDoor {
    private let socket: Descriptor
    private let site: Site
    private let logger: Logger

    /// Opens it; what a dead supervisor left goes.
    ///
    /// - Throws: `worker.socket`.
    init(_ site: Site, logger: Logger) throws(GloveboxError) {
        let path = site.layout.workers
        do throws(SyscallError) {
            // The log is open, so no other supervisor serves this directory.
            if unsafe unlink(path) != 0, errno != ENOENT { throw SyscallError("unlink", errno, path) }
            socket = try Descriptor.listening(at: path)
        } catch {
            throw error.coded("worker.socket", hint: "A state directory with a short path is needed for workers.")
        }
        (self.site, self.logger) = (site, logger)
    }

    /// Takes in one worker after the other; it ends with the process.
    func serve(_ take: (any Worker) -> Void) {
        while true {
            do throws(SyscallError) {
                let connection = try socket.accepted()
                do throws(GloveboxError) { try admit(WorkerLink.visit(connection), take) } catch {
                    let message = WorkerMessage.fault(error)
                    try PacketSocket(connection).send(message.bytes)
                    logger.warning(
                        "a worker was refused",
                        metadata: ["code": "\(error.code)", "why": "\(error.message)"]
                    )
                }
            } catch {
                logger.warning("a worker did not come in", metadata: ["why": "\(error)"])
                sleep(1)  // too many open files, for one; it must not spin
            }
        }
    }

    private func admit(_ visit: WorkerLink.Visit, _ take: (any Worker) -> Void) throws(GloveboxError) {
        switch visit.message {
        case .offer(let task): take(WorkerLink(visit, task: task, host: site.host))
        case .bundle(let task, let node):
            guard let file = visit.files.first else { throw Self.noFile }
            take(OfflineWorker(visit.socket, task: task, node: node, file: file, site: site))
        case .result(let task):
            guard let file = visit.files.first else { throw Self.noFile }
            // It may be long, and others want to come in.
            let thread = Thread { [site] in
                var answer = WorkerMessage.ended
                do throws(GloveboxError) { try site.offline.take(file, of: task) } catch { answer = .fault(error) }
                do { try visit.socket.send(answer.bytes) } catch {}
            }
            thread.name = "result"
            thread.start()
        case .launch, .ended, .fault:
            throw GloveboxError("worker.message", "the worker does not say for which job it has come")
        }
    }

    private static let noFile = GloveboxError("worker.message", "a bundle or a result comes with its file")
}
