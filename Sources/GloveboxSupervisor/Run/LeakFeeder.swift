internal import Foundation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import Synchronization

/// Writes the private rows into the row-leak scan's socket while the scan reads them, on a thread of its own.
final class LeakFeeder: Sendable {
    private let fault = Mutex<GloveboxError?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    /// Begins to write.
    ///
    /// It ends when all is written, or when nobody reads any more.
    init(_ feed: LeakFeed, to socket: Descriptor) {
        let thread = Thread { [self] in
            write(feed, to: socket)
            ended.signal()
        }
        thread.name = "leak-feed"
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func write(_ feed: LeakFeed, to socket: Descriptor) {
        do throws(GloveboxError) {
            try feed.write { (piece) throws(GloveboxError) in
                do throws(SyscallError) { try socket.send(piece) } catch { throw error.coded("checker.input") }
            }
            // The scan waits for the end of what it reads.
            try end(socket)
        } catch { fault.withLock { $0 = error } }
    }

    private func end(_ socket: Descriptor) throws(GloveboxError) {
        do { try socket.shutDownWriting() } catch { throw error.coded("checker.input") }
    }

    /// Waits until nothing more is written.
    ///
    /// - Throws: what the rows' source threw; a scan that stopped reading shows in its answer.
    func end() throws(GloveboxError) {
        ended.wait()
        guard let fault = fault.withLock({ $0 }), fault.code != "checker.input" else { return }
        throw fault
    }
}
