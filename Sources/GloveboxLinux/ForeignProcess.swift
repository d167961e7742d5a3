internal import CGloveboxLinux
internal import Glibc

/// A process that was not started here, behind a descriptor that no later process of the same number can take over.
///
/// Source: pidfd_open(2), pidfd_send_signal(2).
package struct ForeignProcess: Sendable {
    private let descriptor: Descriptor

    /// Watches the process behind a pidfd, such as ``LaunchedProcess/descriptor()`` gives.
    package init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Kills it; harmless when it is gone.
    package func kill() { _ = Kernel.call(SYS_pidfd_send_signal, Int(descriptor.raw), Int(SIGKILL)) }

    /// Whether it is a child of this process that has not been waited for.
    ///
    /// Source: waitid(2), `P_PIDFD`.
    package var isChild: Bool { waited(WEXITED | WNOHANG | WNOWAIT) == 0 }

    /// Waits for the end of a child; returns also when somebody else has waited for it.
    package func reap() throws(SyscallError) {
        while true {
            let result = waited(WEXITED)
            if result == 0 || result == -ECHILD { return }
            if result != -EINTR { throw SyscallError("waitid", -result) }
        }
    }

    private func waited(_ options: Int32) -> Int32 {
        Int32(Kernel.call(SYS_waitid, Int(P_PIDFD.rawValue), Int(descriptor.raw), 0, Int(options), 0))
    }

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
