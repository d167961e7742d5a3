internal import CGloveboxLinux
internal import Glibc

/// Short messages with open files, between two processes of one user.
package struct PacketSocket: Sendable {
    /// Greatest length of a message.
    private static let limit = 65536

    /// The socket itself, to be waited for with others.
    package let descriptor: Descriptor

    /// Speaks over a connected packet socket.
    package init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Connects to one that listens at a path.
    ///
    /// - Throws: `ENAMETOOLONG` for a path of more than 107 bytes, and what `socket` and `connect` say.
    package static func connected(to path: String) throws(SyscallError) -> PacketSocket {
        PacketSocket(try .connected(to: path, packets: true))
    }

    /// Sends a message and up to 16 open files.
    ///
    /// - Throws: `EPIPE` when the other side is gone.
    package func send(_ message: [UInt8], _ files: [Descriptor] = []) throws(SyscallError) {
        let sent = unsafe glx_send(descriptor.raw, message, message.count, files.map(\.raw), Int32(files.count))
        withExtendedLifetime(files) {}
        _ = try Kernel.value(Int(sent), "sendmsg")
    }

    /// The next message; nil when the other side has closed.
    ///
    /// - Throws: `EMSGSIZE` for one that is too long, `EAGAIN` after the socket's time limit.
    package func receive() throws(SyscallError) -> (message: [UInt8], files: [Descriptor])? {
        var numbers = [Int32](repeating: -1, count: 16)
        var count: Int32 = 0
        var message = [UInt8](repeating: 0, count: Self.limit)
        let length = unsafe glx_receive(descriptor.raw, &message, message.count, &numbers, &count)
        let files = numbers[0..<Int(count)].map { Descriptor(owning: $0) }
        if length == 0 || length == -ECONNRESET { return nil }
        message.removeLast(message.count - (try Kernel.value(Int(length), "recvmsg")))
        return (message, files)
    }

    /// Whether the other side has closed.
    package var isClosed: Bool {
        var polled = [pollfd(fd: descriptor.raw, events: 0, revents: 0)]  // that the other end is gone is always told
        return unsafe poll(&polled, 1, 0) != 0
    }

    /// Waits until the process has ended behind what ``LaunchedProcess/descriptor()`` gave; false when the other side has closed
    /// before.
    package func waits(for process: Descriptor) throws(SyscallError) -> Bool {
        while true {
            var polled = [
                pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: descriptor.raw, events: 0, revents: 0),
            ]
            let ready = unsafe poll(&polled, 2, -1)
            if ready < 0, errno != EINTR { throw SyscallError("poll", errno) }
            if ready > 0 { return polled[0].revents != 0 }
        }
    }
}
