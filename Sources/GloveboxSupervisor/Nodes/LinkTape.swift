internal import Foundation
internal import Glibc
internal import GloveboxCore
internal import GloveboxLink
internal import GloveboxLinux
internal import Synchronization

/// A link whose other end is a file: what is said goes into it, frame by frame.
final class LinkTape: Sendable {
    /// The end to speak at.
    let link: LinkSocket
    /// The end of the file; what is said here is heard at ``link``.
    let far: LinkSocket
    private let fault = Mutex<GloveboxError?>(nil)
    private let done = DispatchSemaphore(value: 0)

    /// Writes to an open file from its current place; `seen` is called with each frame that was written.
    ///
    /// - Throws: `worker.bundle`.
    init(to file: Descriptor, seen: @escaping @Sendable (LinkFrame) -> Void = { _ in }) throws(GloveboxError) {
        do {
            let (near, far) = try Descriptor.socketPair(stream: true)
            (link, self.far) = (LinkSocket(near), LinkSocket(far))
        } catch { throw error.coded("worker.bundle") }
        let thread = Thread { self.record(file, seen) }
        thread.name = "tape"
        thread.start()
    }

    /// Returns once all that was said stands in the file, durably.
    ///
    /// - Throws: `worker.bundle` when it does not.
    func end() throws(GloveboxError) {
        _ = shutdown(link.descriptor.raw, Int32(SHUT_WR))
        done.wait()
        if let fault = fault.withLock({ $0 }) { throw fault }
    }

    private func record(_ file: Descriptor, _ seen: (LinkFrame) -> Void) {
        defer {
            far.close()
            done.signal()
        }
        do throws(GloveboxError) {
            while case .frame(let frame) = try far.wait() {
                let bytes = try frame.encoded()
                do { try file.write(bytes) } catch { throw error.coded("worker.bundle") }
                seen(frame)
            }
            guard fsync(file.raw) == 0 else { throw SyscallError("fsync", errno).coded("worker.bundle") }
        } catch { fault.withLock { $0 = error } }
    }
}
