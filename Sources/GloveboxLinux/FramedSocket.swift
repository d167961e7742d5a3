internal import Glibc

/// Messages over a stream socket: a length (u32, big-endian), then the bytes.
package struct FramedSocket: Sendable {
    /// Greatest length of a message.
    package static let limit = 16 << 20

    private let socket: Descriptor

    /// Speaks over a connected stream socket.
    package init(_ socket: Descriptor) { self.socket = socket }

    /// Sends a message.
    ///
    /// - Throws: `EMSGSIZE` for one that is too long; `EPIPE` when the other side is gone.
    package func send(_ message: [UInt8]) throws(SyscallError) {
        guard message.count <= Self.limit else { throw SyscallError("send", EMSGSIZE) }
        let length = (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) }
        let bytes = length + message
        var done = 0
        while done < bytes.count {
            let sent = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    socket.raw,
                    $0.baseAddress?.advanced(by: done),
                    bytes.count - done,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if sent < 0 && errno == EINTR { continue }
            guard sent >= 0 else { throw SyscallError("send", errno) }
            done += sent
        }
    }

    /// The next message; nil when the other side has closed.
    ///
    /// - Throws: `EMSGSIZE` for one that is too long; `EPIPE` when it ends in the middle.
    package func receive() throws(SyscallError) -> [UInt8]? {
        let head = try take(4)
        if head.isEmpty { return nil }
        let length = head.reduce(0) { $0 << 8 | Int($1) }
        guard head.count == 4, length <= Self.limit else { throw SyscallError("recv", EMSGSIZE) }
        let message = try take(length)
        guard message.count == length else { throw SyscallError("recv", EPIPE) }
        return message
    }

    private func take(_ count: Int) throws(SyscallError) -> [UInt8] {
        var out: [UInt8] = []
        while out.count < count {
            let part = try socket.read(upTo: count - out.count)
            if part.isEmpty { break }
            out += part
        }
        return out
    }
}
