internal import CGloveboxLinux
internal import Glibc

/// A process that is another's child, behind a descriptor that no later process of the same number can take over.
///
/// Source: pidfd_open(2), pidfd_send_signal(2).
package struct ForeignProcess: Sendable {
    private let descriptor: Descriptor

    /// Watches the process behind what ``LaunchedProcess/descriptor()`` gave.
    package init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Kills it; harmless when it is gone.
    package func kill() { _ = Kernel.call(SYS_pidfd_send_signal, Int(descriptor.raw), Int(SIGKILL)) }

    /// Waits until it has ended.
    package func wait() throws(SyscallError) {
        while true {
            var polled = [pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)]
            let ready = unsafe poll(&polled, 1, -1)
            if ready > 0 { return }
            if errno != EINTR { throw SyscallError("poll", errno) }
        }
    }

    /// Its number.
    ///
    /// - Throws: `ESRCH` when it has ended and was waited for, or cannot be seen from here; `EBADF` for what is no process.
    package func number() throws(SyscallError) -> Int32 {
        let text = try Kernel.readText("/proc/self/fdinfo/\(descriptor.raw)")
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Pid:") }),
            let number = Int32(line.dropFirst(4).filter { !$0.isWhitespace })
        else { throw SyscallError("fdinfo", EBADF) }
        guard number > 0 else { throw SyscallError("fdinfo", ESRCH) }
        return number
    }
}
