import CGloveboxLinux
import GloveboxPlanEmbedded

/// The launcher once the jail's first process is born: it waits for its end, the wall clock, or the supervisor's death.
struct Guard {
    let control: Control
    /// The jail's first process.
    let pid: Int
    let pidfd: Int

    /// Ends with the jail.
    func run(inside: Control) {
        // Until the plan comes there is nothing to limit.
        if wait(for: inside, POLLIN) == .told, let time = inside.receive(JailMessage.time, bodyLength: 16) {
            watch(wall: longWord(time.body, 0), grace: longWord(time.body, 8), inside)
        }
        kill()
        _ = call(SYS_wait4, pid)
    }

    /// Returns when the jail is to end, or has.
    private func watch(wall limit: UInt64, grace: UInt64, _ inside: Control) {
        guard limit > 0 else {
            _ = wait()
            return
        }
        // The program's time begins when the last copy of init's end of the socket is closed, right before exec: until then
        // only building and filling the jail takes time.
        guard wait(for: inside, 0) == .told else { return }
        let start = monotonicMilliseconds()
        guard wait(until: start + limit) == .late else { return }
        _ = control.send(JailMessage.expired)
        // Without a workload there is nobody to ask.
        if grace > 0, inside.hasMessage, let workload = inside.receive(JailMessage.workload, bodyLength: 0) {
            for pidfd in workload.descriptors { _ = call(SYS_pidfd_send_signal, Int(pidfd), terminate) }
            _ = wait(until: start + limit + grace)
        }
    }

    /// The number of `SIGTERM`.
    private let terminate = 15

    /// What ended a wait.
    private enum Waking {
        /// The jail or the supervisor is gone.
        case ended
        /// Init has sent what was asked for, or closed its end.
        case told
        /// The time, on the monotonic clock, is over.
        case late
    }

    /// Waits for the jail's end or the supervisor's, and for what else is asked: `events` of the socket to init, of which
    /// its end is always one.
    private func wait(for inside: Control? = nil, _ events: Int32 = 0, until end: UInt64? = nil) -> Waking {
        while true {
            let now = monotonicMilliseconds()
            if let end, now >= end { return .late }
            let timeout = end.map { Int(min($0 - now, 1 << 30)) } ?? -1
            var polled = (
                pollfd(fd: Int32(pidfd), events: Int16(POLLIN), revents: 0),
                pollfd(fd: control.descriptor, events: 0, revents: 0),
                pollfd(fd: inside?.descriptor ?? -1, events: Int16(events), revents: 0)
            )
            let ready = unsafe withUnsafeMutablePointer(to: &polled) {
                call(SYS_poll, Int(bitPattern: $0), 3, timeout)
            }
            if polled.0.revents != 0 || polled.1.revents != 0 || (ready < 0 && ready != -4) { return .ended }
            if polled.2.revents != 0 { return .told }
        }
    }

    private func kill() { _ = call(SYS_pidfd_send_signal, pidfd, 9) }
}

/// Milliseconds on the monotonic clock.
func monotonicMilliseconds() -> UInt64 {
    var time = __kernel_timespec()
    _ = unsafe withUnsafeMutablePointer(to: &time) { call(SYS_clock_gettime, 1, Int(bitPattern: $0)) }
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}

/// A little-endian number of 64 bits.
private func longWord(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<8 { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    return value
}
