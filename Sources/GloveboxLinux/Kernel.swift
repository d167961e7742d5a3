internal import CGloveboxLinux
internal import Glibc

/// System calls by number.
package enum Kernel {
    /// Makes a call; the value, or -errno.
    ///
    /// Arguments are numbers and addresses.
    package static func call(
        _ number: Int32,
        _ a: Int = 0,
        _ b: Int = 0,
        _ c: Int = 0,
        _ d: Int = 0,
        _ e: Int = 0
    ) -> Int {
        glx_syscall(Int(number), a, b, c, d, e, 0)
    }

    /// Version of the kernel's Landlock interface; 0 where there is none.
    package static let landlockVersion = max(0, call(444, 0, 0, 1))  // landlock_create_ruleset(…_VERSION)

    /// Whether the kernel has namespaces for clocks.
    package static let hasTimeNamespaces = unsafe access("/proc/self/ns/time", F_OK) == 0

    /// Whether this process is root of the host, and not only of a user namespace such as a container's.
    package static let isHostRoot: Bool = {
        guard geteuid() == 0 else { return false }
        // Source: user_namespaces(7); the first namespace maps every id to itself.
        do {
            return try readText("/proc/self/uid_map").split(whereSeparator: \.isWhitespace) == ["0", "0", "4294967295"]
        } catch { return false }
    }()

    /// Turns -errno into an error.
    package static func value(_ result: Int, _ call: String, _ detail: String = "") throws(SyscallError) -> Int {
        guard result >= 0 else { throw SyscallError(call, Int32(-result), detail) }
        return result
    }

    /// The address of a path as a C string, for the length of `body`.
    package static func withPath(_ path: String, _ body: (Int) -> Int) -> Int {
        if path.utf8.contains(0) { return Int(-EINVAL) }  // a C string would end early and name another file
        return unsafe path.withCString { body(Int(bitPattern: $0)) }
    }

    /// Reads a small file of /proc, /sys or a control group whole.
    package static func readText(_ path: String) throws(SyscallError) -> String {
        String(decoding: try Descriptor.open(path, O_RDONLY).readWhole(limit: 1 << 20), as: UTF8.self)
    }

    /// Where a symbolic link leads.
    package static func readLink(_ path: String) throws(SyscallError) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: 4096)
        let read = unsafe target.withUnsafeMutableBufferPointer { buffer in
            withPath(path) {
                call(SYS_readlinkat, Int(AT_FDCWD), $0, Int(bitPattern: buffer.baseAddress), buffer.count)
            }
        }
        return Array(target.prefix(try value(read, "readlink", path)))
    }

    /// Writes a small file of a control group in one call.
    package static func writeText(_ text: String, to path: String) throws(SyscallError) {
        try Descriptor.open(path, O_WRONLY).write(Array(text.utf8))
    }
}
