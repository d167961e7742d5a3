internal import Glibc
package import GloveboxCore
package import GloveboxLinux
internal import Synchronization

/// Frames over a connected stream socket, for threads that wait.
package final class LinkSocket: Sendable {
    /// What was waited for.
    package enum Event: Sendable {
        case frame(LinkFrame)
        /// The other side has closed.
        case closed
        /// The other descriptor can be read.
        case interrupted
        /// Nothing came in time.
        case late
    }

    /// The socket itself.
    package let descriptor: Descriptor
    private let reader = Mutex(FrameReader())
    private let writing = Mutex(())

    /// Speaks over a connected stream socket.
    package init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Sends a frame.
    ///
    /// - Throws: `link.frame` for one that is too long; `link.lost` when the other side is gone.
    package func send(_ kind: LinkFrame.Kind, _ bytes: [UInt8] = []) throws(GloveboxError) {
        let frame = try LinkFrame(kind, bytes).encoded()
        do {
            try writing.withLock { _ throws(SyscallError) in try descriptor.send(frame) }
        } catch { throw Self.lost }
    }

    /// Waits for the next frame, for another descriptor, or for so many milliseconds; -1 waits without end.
    ///
    /// - Throws: `link.frame`; `link.lost` for a connection that ends inside a frame.
    package func wait(beside other: Descriptor? = nil, milliseconds: Int32 = -1) throws(GloveboxError) -> Event {
        try reader.withLock { reader throws(GloveboxError) in
            let deadline = SystemClock.monotonicMilliseconds + UInt64(max(0, milliseconds))
            while true {
                if let frame = try reader.next() { return .frame(frame) }
                var left: Int32 = -1
                if milliseconds >= 0 {
                    let now = SystemClock.monotonicMilliseconds
                    left = now < deadline ? Int32(clamping: deadline - now) : 0
                }
                var polled = [
                    pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: other?.raw ?? -1, events: Int16(POLLIN), revents: 0),
                ]
                let ready = unsafe poll(&polled, 2, left)
                if ready < 0, errno == EINTR { continue }
                guard ready >= 0 else { throw SyscallError("poll", errno).coded("link.lost") }
                if polled[1].revents != 0 { return .interrupted }
                if ready == 0 { return .late }
                let bytes: [UInt8]
                do { bytes = try descriptor.read(upTo: 256 << 10) } catch { throw Self.lost }
                if bytes.isEmpty {
                    guard !reader.isInside else { throw Self.lost }
                    return .closed
                }
                reader.add(bytes)
            }
        }
    }

    /// The next frame.
    ///
    /// - Throws: `link.lost` when the other side has closed, or said nothing for so many milliseconds; `link.frame`.
    package func receive(milliseconds: Int32 = -1) throws(GloveboxError) -> LinkFrame {
        guard case .frame(let frame) = try wait(milliseconds: milliseconds) else { throw Self.lost }
        return frame
    }

    /// Whether the other side has closed.
    package var isClosed: Bool {
        var polled = [pollfd(fd: descriptor.raw, events: 0, revents: 0)]  // that the other end is gone is always told
        return unsafe poll(&polled, 1, 0) != 0
    }

    /// Says no more, and returns when the other side has all that was said, or after so many milliseconds.
    ///
    /// A process that ends right after it spoke takes along what its own TLS has not sent yet.
    package func finish(milliseconds: Int32) {
        _ = shutdown(descriptor.raw, Int32(SHUT_WR))
        let deadline = SystemClock.monotonicMilliseconds + UInt64(max(0, milliseconds))
        do {
            while true {
                let now = SystemClock.monotonicMilliseconds
                guard now < deadline, case .frame = try wait(milliseconds: Int32(clamping: deadline - now)) else {
                    return
                }
            }
        } catch {}
    }

    /// Ends the connection for both sides.
    package func close() { _ = shutdown(descriptor.raw, Int32(SHUT_RDWR)) }

    /// What is said of a connection that is gone.
    package static let lost = GloveboxError("link.lost", "the other machine is gone, or does not answer")
}
