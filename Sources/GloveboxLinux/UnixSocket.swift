internal import CGloveboxLinux
internal import Glibc

extension Descriptor {
    /// Connects to a stream socket at a path.
    ///
    /// - Throws: `ENAMETOOLONG` for a path of more than 107 bytes, and what `socket` and `connect` say.
    package static func connected(to path: String) throws(SyscallError) -> Descriptor {
        let name = Array(path.utf8)
        guard !name.isEmpty, name.count < 108 else { throw SyscallError("connect", ENAMETOOLONG, path) }
        let type = Int(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let made = Kernel.call(SYS_socket, Int(AF_UNIX), type)
        let socket = Descriptor(owning: Int32(try Kernel.value(made, "socket")))
        let address: [UInt8] = [UInt8(AF_UNIX), 0] + name + [0]
        let connected = unsafe address.withUnsafeBufferPointer {
            Kernel.call(SYS_connect, Int(socket.raw), Int(bitPattern: $0.baseAddress), $0.count)
        }
        _ = try Kernel.value(connected, "connect", path)
        return socket
    }

    /// The user who made the other end of a connected Unix socket, as the kernel keeps it (`SO_PEERCRED`).
    package func peerUser() throws(SyscallError) -> UInt32 {
        var credentials: [UInt32] = [0, 0, 0]  // struct ucred: pid, uid, gid
        var length = UInt32(12)
        let got = unsafe getsockopt(raw, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
        guard got == 0, length == 12 else { throw SyscallError("getsockopt(SO_PEERCRED)", errno) }
        return credentials[1]
    }

    /// Lets reading and writing fail with `EAGAIN` after so many seconds without a byte.
    package func setTimeout(seconds: Int) throws(SyscallError) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let length = UInt32(MemoryLayout<timeval>.size)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            let set = unsafe setsockopt(raw, SOL_SOCKET, option, &time, length)
            guard set == 0 else { throw SyscallError("setsockopt(SO_RCVTIMEO)", errno) }
        }
    }
}
