import CGloveboxLinux
import GloveboxPlanEmbedded

/// A program of the host that maps ids which an ordinary user is granted: it alone may.
///
/// Source: newuidmap(1), newgidmap(1).
enum IDHelper {
    case user
    case group

    /// Whether it mapped ids into a process's user namespace; one that has not ended in time is killed, and has not.
    func map(_ pid: Int, _ map: [UInt8]) -> Bool {
        var pidfd: Int32 = -1
        let helper = Int(unsafe glx_fork(0, &pidfd, -1))
        guard helper >= 0 else { return false }
        if helper == 0 { become(pid, map) }
        let end = monotonicMilliseconds() + Self.patience
        while true {
            let now = monotonicMilliseconds()
            var polled = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
            let ready = unsafe withUnsafeMutablePointer(to: &polled) {
                call(SYS_poll, Int(bitPattern: $0), 1, now < end ? Int(end - now) : 0)
            }
            if ready != -4 || now >= end { break }  // EINTR
        }
        _ = call(SYS_pidfd_send_signal, Int(pidfd), 9)  // harmless when it has ended
        close(Int(pidfd))
        var status: Int32 = -1
        let waited = unsafe withUnsafeMutablePointer(to: &status) { call(SYS_wait4, helper, Int(bitPattern: $0)) }
        return waited == helper && status == 0
    }

    /// Milliseconds.
    private static let patience: UInt64 = 3000

    /// What it says is for nobody: the reason is in the jail's protections, and our streams are the job's.
    private func become(_ pid: Int, _ map: [UInt8]) -> Never {
        let null = open(bytes("/dev/null"), O_RDWR)
        for stream in 0..<3 where null < 0 || call(SYS_dup3, null, stream) < 0 { leave(127) }
        guard call(SYS_close_range, 3, Int(UInt32.max)) >= 0 else { leave(127) }
        let path: StaticString =
            switch self {
            case .user: "/usr/bin/newuidmap"
            case .group: "/usr/bin/newgidmap"
            }
        var words = [bytes(path), decimal(UInt64(pid))]
        for word in map.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }) {
            words.append([UInt8](word))
        }
        _ = call(SYS_execve, address(path), Vector(words).address, Vector([]).address)
        leave(127)
    }
}
