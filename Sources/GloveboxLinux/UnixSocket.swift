internal import CGloveboxLinux
internal import Glibc

extension Descriptor {
    /// Connects to a stream socket at a path, or to a packet socket.
    ///
    /// - Throws: `ENAMETOOLONG` for a path of more than 107 bytes, and what `socket` and `connect` say.
    package static func connected(to path: String, packets: Bool = false) throws(SyscallError) -> Descriptor {
        let socket = try local(packets: packets)
        try socket.take(SYS_connect, "connect", path)
        return socket
    }

    /// Listens for packets at a path where nothing is yet; only this user can connect.
    ///
    /// - Throws: `ENAMETOOLONG` for a path of more than 107 bytes, and what `socket`, `bind` and `listen` say.
    package static func listening(at path: String) throws(SyscallError) -> Descriptor {
        let socket = try local(packets: true)
        try socket.take(SYS_bind, "bind", path)
        // Before it listens, nobody can have come in.
        guard unsafe chmod(path, 0o600) == 0 else { throw SyscallError("chmod", errno, path) }
        _ = try Kernel.value(Kernel.call(SYS_listen, Int(socket.raw), 64), "listen", path)
        return socket
    }

    /// A socket under an abstract name that no other has in this network namespace; nobody can connect to it.
    ///
    /// - Throws: `EADDRINUSE` while another has the name.
    package static func named(_ name: String) throws(SyscallError) -> Descriptor {
        let socket = try local(packets: false)
        try socket.take(SYS_bind, "bind", [0] + name.utf8, name)
        return socket
    }

    /// The next one who connects.
    package func accepted() throws(SyscallError) -> Descriptor {
        while true {
            let made = Kernel.call(SYS_accept4, Int(raw), 0, 0, Int(SOCK_CLOEXEC.rawValue))
            if made == Int(-EINTR) || made == Int(-ECONNABORTED) { continue }
            return Descriptor(owning: Int32(try Kernel.value(made, "accept4")))
        }
    }

    private static func local(packets: Bool) throws(SyscallError) -> Descriptor {
        let type = Int((packets ? SOCK_SEQPACKET : SOCK_STREAM).rawValue | SOCK_CLOEXEC.rawValue)
        let made = Kernel.call(SYS_socket, Int(AF_UNIX), type)
        return Descriptor(owning: Int32(try Kernel.value(made, "socket")))
    }

    /// Makes a call that takes this socket and the address of a path.
    private func take(_ number: Int32, _ call: String, _ path: String) throws(SyscallError) {
        guard !path.isEmpty, path.utf8.count < 108 else { throw SyscallError(call, ENAMETOOLONG, path) }
        try take(number, call, path.utf8 + [0], path)
    }

    private func take(_ number: Int32, _ call: String, _ name: [UInt8], _ path: String) throws(SyscallError) {
        let address = [UInt8(AF_UNIX), 0] + name
        let done = unsafe address.withUnsafeBufferPointer {
            Kernel.call(number, Int(raw), Int(bitPattern: $0.baseAddress), $0.count)
        }
        _ = try Kernel.value(done, call, path)
    }

    /// The user who made the other end of a connected Unix socket, as the kernel keeps it (`SO_PEERCRED`).
    package func peerUser() throws(SyscallError) -> UInt32 { try peer().user }

    /// The process that made the other end of a connected Unix socket, and its user (`SO_PEERCRED`).
    package func peer() throws(SyscallError) -> (process: Int32, user: UInt32) {
        var credentials: [UInt32] = [0, 0, 0]  // struct ucred: pid, uid, gid
        var length = UInt32(12)
        let got = unsafe getsockopt(raw, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
        guard got == 0, length == 12 else { throw SyscallError("getsockopt(SO_PEERCRED)", errno) }
        return (Int32(bitPattern: credentials[0]), credentials[1])
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
