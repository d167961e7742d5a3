internal import Glibc
package import GloveboxCore
internal import GloveboxLinux

/// The operator's side of a node without a route to the site: has its order written, and takes its result in.
package struct BundleCourier {
    private let layout: SiteLayout
    private let task: String

    /// A courier for one job of the site that a supervisor serves on this machine.
    package init(_ layout: SiteLayout, task: String) { (self.layout, self.task) = (layout, task) }

    /// Waits until the job may run, and writes its order for a node.
    ///
    /// - Throws: `worker.unreachable`, `worker.orphaned`, `worker.bundle`, and what the supervisor refuses with.
    package func write(for node: String, to path: String) throws(GloveboxError) {
        let file: Descriptor
        do { file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600) } catch {
            throw error.coded("worker.bundle")
        }
        do throws(GloveboxError) { try ask(.bundle(task: task, node: node), file) } catch {
            unsafe unlink(path)
            throw error
        }
    }

    /// Hands a node's result in.
    ///
    /// - Throws: as ``write(for:to:)``, and `worker.result`.
    package func handIn(_ path: String) throws(GloveboxError) {
        let file: Descriptor
        do { file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW) } catch { throw error.coded("worker.bundle") }
        try ask(.result(task: task), file)
    }

    private func ask(_ message: WorkerMessage, _ file: Descriptor) throws(GloveboxError) {
        let socket = try JobWorker.connected(layout)
        let answer: (message: [UInt8], files: [Descriptor])?
        do throws(SyscallError) {
            try socket.send(message.bytes, [file])
            answer = try socket.receive()
        } catch { throw JobWorker.orphaned }
        guard let answer else { throw JobWorker.orphaned }
        switch try WorkerMessage(answer.message) {
        case .ended: return
        case .fault(let why): throw why
        default: throw GloveboxError("worker.message", "the supervisor says something that has no place here")
        }
    }
}
