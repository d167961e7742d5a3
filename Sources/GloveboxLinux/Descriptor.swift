internal import CGloveboxLinux
internal import Glibc

/// A file descriptor with one owner; closed when the owner goes.
package final class Descriptor: Sendable {
    /// The number.
    package let raw: Int32

    /// Takes ownership of an open descriptor.
    package init(owning raw: Int32) { self.raw = raw }

    deinit { _ = close(raw) }

    /// Opens a path, close-on-exec.
    package static func open(
        _ path: String,
        _ flags: Int32,
        mode: UInt32 = 0o600,
        in directory: Descriptor? = nil
    ) throws(SyscallError) -> Descriptor {
        let base = Int(directory?.raw ?? AT_FDCWD)
        let opened = Kernel.withPath(path) {
            Kernel.call(SYS_openat, base, $0, Int(flags | O_CLOEXEC), Int(mode))
        }
        return Descriptor(owning: Int32(try Kernel.value(opened, "openat", path)))
    }

    /// A path that leads to the open file itself while it is open, for this process and those of the same user.
    package var path: String { "/proc/\(getpid())/fd/\(raw)" }

    /// A pipe: read end, write end, both close-on-exec.
    package static func pipe() throws(SyscallError) -> (read: Descriptor, write: Descriptor) {
        var ends: (Int32, Int32) = (-1, -1)
        let made = unsafe withUnsafeMutablePointer(to: &ends) {
            Kernel.call(SYS_pipe2, Int(bitPattern: $0), Int(O_CLOEXEC))
        }
        _ = try Kernel.value(made, "pipe2")
        return (Descriptor(owning: ends.0), Descriptor(owning: ends.1))
    }

    /// A connected pair of packet sockets, or of stream sockets.
    package static func socketPair(stream: Bool = false) throws(SyscallError) -> (Descriptor, Descriptor) {
        var ends: (Int32, Int32) = (-1, -1)
        let made = unsafe withUnsafeMutablePointer(to: &ends) {
            let type = Int((stream ? SOCK_STREAM : SOCK_SEQPACKET).rawValue | SOCK_CLOEXEC.rawValue)
            return Kernel.call(SYS_socketpair, Int(AF_UNIX), type, 0, Int(bitPattern: $0))
        }
        _ = try Kernel.value(made, "socketpair")
        return (Descriptor(owning: ends.0), Descriptor(owning: ends.1))
    }

    /// A second descriptor of this process's stderr.
    package static func standardError() throws(SyscallError) -> Descriptor {
        let copy = Kernel.call(SYS_fcntl, 2, Int(F_DUPFD_CLOEXEC), 3)
        return Descriptor(owning: Int32(try Kernel.value(copy, "fcntl(F_DUPFD_CLOEXEC)")))
    }

    /// An empty memory file.
    package static func memory(name: String) throws(SyscallError) -> Descriptor {
        let made = Kernel.withPath(name) { Kernel.call(SYS_memfd_create, $0, 1) }  // MFD_CLOEXEC
        return Descriptor(owning: Int32(try Kernel.value(made, "memfd_create")))
    }

    /// Reads a file whole, wherever its offset stands.
    package func readFromStart(limit: Int) throws(SyscallError) -> [UInt8] {
        _ = try Kernel.value(Kernel.call(SYS_lseek, Int(raw), 0, 0), "lseek")
        return try readAll(limit: limit)
    }

    /// A memory file with this content, sealed against every change.
    package static func sealed(_ bytes: [UInt8], name: String) throws(SyscallError) -> Descriptor {
        // MFD_CLOEXEC | MFD_ALLOW_SEALING
        let made = Kernel.withPath(name) { Kernel.call(SYS_memfd_create, $0, 3) }
        let file = Descriptor(owning: Int32(try Kernel.value(made, "memfd_create")))
        try file.write(bytes)
        // F_ADD_SEALS: SEAL | SHRINK | GROW | WRITE
        _ = try Kernel.value(Kernel.call(SYS_fcntl, Int(file.raw), 1033, 15), "fcntl(F_ADD_SEALS)")
        _ = try Kernel.value(Kernel.call(SYS_lseek, Int(file.raw), 0, 0), "lseek")
        return file
    }

    /// Writes all bytes; short writes and EINTR go on.
    package func write(_ bytes: [UInt8]) throws(SyscallError) {
        var offset = 0
        while offset < bytes.count {
            let written = unsafe bytes.withUnsafeBufferPointer {
                Kernel.call(SYS_write, Int(raw), Int(bitPattern: $0.baseAddress) + offset, $0.count - offset)
            }
            if written == Int(-EINTR) { continue }
            offset += try Kernel.value(written, "write")
        }
    }

    /// Sends all bytes through a stream socket; one whose other end is closed is an error (`EPIPE`) and no signal.
    package func send(_ bytes: [UInt8]) throws(SyscallError) {
        var offset = 0
        while offset < bytes.count {
            let sent = unsafe bytes.withUnsafeBufferPointer {
                let start = Int(bitPattern: $0.baseAddress) + offset
                return Kernel.call(SYS_sendto, Int(raw), start, $0.count - offset, Int(MSG_NOSIGNAL), 0)
            }
            if sent == Int(-EINTR) { continue }
            offset += try Kernel.value(sent, "sendto")
        }
    }

    /// Ends what the other end of a socket reads.
    package func shutDownWriting() throws(SyscallError) {
        _ = try Kernel.value(Kernel.call(SYS_shutdown, Int(raw), Int(SHUT_WR)), "shutdown")
    }

    /// Reads at most `count` bytes from a place in the file, wherever its own offset stands; fewer at the end alone.
    ///
    /// EINTR goes on.
    package func read(upTo count: Int, at offset: Int) throws(SyscallError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let more = unsafe buffer.withUnsafeMutableBufferPointer {
                Kernel.call(SYS_pread64, Int(raw), Int(bitPattern: $0.baseAddress) + got, count - got, offset + got)
            }
            if more == Int(-EINTR) { continue }
            let value = try Kernel.value(more, "pread")
            if value == 0 { break }
            got += value
        }
        buffer.removeLast(count - got)
        return buffer
    }

    /// Reads at most `count` bytes from a place in the file in one call, which may give fewer.
    package func read(upTo count: Int, once offset: Int) throws(SyscallError) -> [UInt8] {
        var got = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            repeat {
                got = Kernel.call(SYS_pread64, Int(raw), Int(bitPattern: buffer.baseAddress), count, offset)
            } while got == Int(-EINTR)
            filled = max(0, got)
        }
        _ = try Kernel.value(got, "pread")
        return bytes
    }

    /// Reads at most `count` bytes; empty at the end.
    ///
    /// EINTR goes on.
    package func read(upTo count: Int) throws(SyscallError) -> [UInt8] {
        var got = 0
        // Not cleared first: of a large buffer most is never touched when there is little to read.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            repeat {
                got = Kernel.call(SYS_read, Int(raw), Int(bitPattern: buffer.baseAddress), count)
            } while got == Int(-EINTR)
            filled = max(0, got)
        }
        _ = try Kernel.value(got, "read")
        return bytes
    }

    /// Reads to the end.
    ///
    /// - Throws: `EFBIG` when there are more than `limit` bytes.
    package func readAll(limit: Int) throws(SyscallError) -> [UInt8] {
        var out: [UInt8] = []
        // A regular file takes no more memory than it has bytes.
        out.reserveCapacity(min(Int(try status().size), limit))
        while true {
            let chunk = try read(upTo: out.isEmpty ? 4096 : 65536)  // most files of /proc and control groups are short
            if chunk.isEmpty { return out }
            out += chunk
            if out.count > limit { throw SyscallError("read", EFBIG) }
        }
    }

    /// Reads a file of the kernel from its start to its end, wherever its offset stands.
    ///
    /// Its size says nothing, and most are short.
    ///
    /// - Throws: `EFBIG` when there are more than `limit` bytes.
    package func readWhole(limit: Int) throws(SyscallError) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 4096)
        var got = 0
        while true {
            if got == out.count { out += [UInt8](repeating: 0, count: out.count) }
            let more = unsafe out.withUnsafeMutableBufferPointer {
                Kernel.call(SYS_pread64, Int(raw), Int(bitPattern: $0.baseAddress) + got, $0.count - got, got)
            }
            if more == Int(-EINTR) { continue }
            got += try Kernel.value(more, "read")
            if got > limit { throw SyscallError("read", EFBIG) }
            if more == 0 { break }
        }
        out.removeLast(out.count - got)
        return out
    }

    /// Sets O_NONBLOCK.
    package func setNonBlocking() throws(SyscallError) {
        let flags = try Kernel.value(Kernel.call(SYS_fcntl, Int(raw), Int(F_GETFL)), "fcntl")
        _ = try Kernel.value(Kernel.call(SYS_fcntl, Int(raw), Int(F_SETFL), flags | Int(O_NONBLOCK)), "fcntl")
    }

    /// A second descriptor of the same file, close-on-exec, numbered `from` or higher.
    package func duplicate(from: Int32 = 0) throws(SyscallError) -> Descriptor {
        let copy = Kernel.call(SYS_fcntl, Int(raw), Int(F_DUPFD_CLOEXEC), Int(from))
        return Descriptor(owning: Int32(try Kernel.value(copy, "fcntl(F_DUPFD_CLOEXEC)")))
    }

    /// A number of its own for the same file, close-on-exec, which whoever takes it has to close.
    package func released() throws(SyscallError) -> Int32 {
        Int32(try Kernel.value(Kernel.call(SYS_fcntl, Int(raw), Int(F_DUPFD_CLOEXEC), 3), "fcntl(F_DUPFD_CLOEXEC)"))
    }
}
