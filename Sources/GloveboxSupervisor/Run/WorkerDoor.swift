internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import Logging

/// Where workers come in: a socket in the state directory, which only the supervisor's own user can reach.
struct WorkerDoor {
    private let socket: Descriptor
    private let host: HostFacts
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
        (host, self.logger) = (site.host, logger)
    }

    /// Takes in one worker after the other; it ends with the process.
    func serve(_ take: (WorkerLink) -> Void) {
        while true {
            do throws(SyscallError) {
                let connection = try socket.accepted()
                do throws(GloveboxError) { take(try WorkerLink(connection, host: host)) } catch {
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
}
