import Glibc
import GloveboxLinux

/// System calls by name, for trying what the C library would not try.
enum SystemCall {
    /// Makes a call; the value, or -errno; -ENOSYS for a name that is unknown here.
    static func make(_ name: String, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0) -> Int {
        guard let number = SeccompFilter.number(of: name) else { return Int(-ENOSYS) }
        return Kernel.call(number, a, b, c, d, e)
    }

    /// Makes a call that returns a descriptor, and closes that.
    static func opening(_ name: String, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0) -> Int {
        let result = make(name, a, b, c, d, e)
        if result >= 0 { close(Int32(truncatingIfNeeded: result)) }
        return result
    }

    /// Opens a path, and closes it.
    static func open(_ path: String, _ flags: Int32) -> Int {
        Kernel.withPath(path) { opening("openat", Int(AT_FDCWD), $0, Int(flags | O_CLOEXEC), 0o600) }
    }

    /// The address of a copy of these bytes, for the length of `body`.
    static func withBytes(_ bytes: [UInt8], _ body: (Int) -> Int) -> Int {
        var copy = bytes
        return unsafe copy.withUnsafeMutableBytes { body(Int(bitPattern: $0.baseAddress)) }
    }

    /// Starts a child that makes calls, each with these arguments, and leaves: with 0 when the last was answered, else 1.
    ///
    /// The child of a process with threads may do nothing but plain calls, and this does no more. The value is the
    /// child's process id, or -errno.
    static func child(flags: Int = 0, numbers: [Int32], _ a: Int = 0, _ b: Int = 0, _ c: Int = 0) -> Int {
        guard let clone = SeccompFilter.number(of: "clone"), let leave = SeccompFilter.number(of: "exit_group") else {
            return Int(-ENOSYS)
        }
        let pid = Kernel.call(clone, flags | Int(SIGCHLD))
        if pid == 0 {
            var result = 0
            for number in numbers { result = Kernel.call(number, a, b, c) }
            while true { _ = Kernel.call(leave, result >= 0 ? 0 : 1) }
        }
        return pid
    }

    /// Waits for a child; its wait status.
    static func wait(_ pid: Int) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(Int32(truncatingIfNeeded: pid), &status, 0) < 0, errno == EINTR {}
        return status
    }
}
