import CGloveboxLinux
import GloveboxPlanEmbedded

/// The launcher once the jail's first process is born: it maps the ids, lets the jail go, and waits for its end, the wall
/// clock, or the supervisor's death.
struct Guard {
    let control: Control
    /// The jail's first process.
    let pid: Int
    let pidfd: Int

    /// Ends with the jail.
    func run(inside: Control) {
        guard let given = control.receive(JailMessage.plan, bodyLength: 0), let file = given.descriptors.first else {
            kill()
            leave(125)
        }
        // Passed on first: both read the plan at the same time.
        control.check(inside.send(JailMessage.plan, descriptors: given.descriptors), .clone)
        guard let encoded = readAll(Int(file), limit: 4 << 20), let plan = JailPlan(decoding: encoded) else {
            control.fail(JailFault.plan.rawValue, -22)
        }
        let process = bytes("/proc/") + decimal(UInt64(pid))
        control.check(write(bytes("deny"), to: process + bytes("/setgroups")), .idMap)
        control.check(write(plan.uidMap, to: process + bytes("/uid_map")), .idMap)
        control.check(write(plan.gidMap, to: process + bytes("/gid_map")), .idMap)
        control.check(inside.send(JailMessage.mapped), .clone)
        // The jail's own end of the pipes is all that may keep them open.
        for descriptor in given.descriptors { close(Int(descriptor)) }
        for descriptor in 0..<3 { close(descriptor) }
        let limit = plan.wallMilliseconds
        if limit == 0 {
            _ = wait()
        } else if wait(begun: inside) == .begun {
            let start = monotonicMilliseconds()
            if wait(until: start + limit) == .late {
                _ = control.send(JailMessage.expired)
                // Without a workload there is nobody to ask.
                if plan.graceMilliseconds > 0, inside.hasMessage,
                    let workload = inside.receive(JailMessage.workload, bodyLength: 0)
                {
                    for pidfd in workload.descriptors { _ = call(SYS_pidfd_send_signal, Int(pidfd), terminate) }
                    _ = wait(until: start + limit + plan.graceMilliseconds)
                }
            }
        }
        kill()
        _ = call(SYS_wait4, pid)
    }

    /// The number of `SIGTERM`.
    private let terminate = 15

    /// What ended a wait.
    private enum Waking {
        /// The jail or the supervisor is gone.
        case ended
        /// The program's time has begun.
        case begun
        /// The time, on the monotonic clock, is over.
        case late
    }

    /// Waits for the jail's end or the supervisor's, and for what else is asked.
    ///
    /// The program's time begins when the last copy of init's end of the socket is closed, right before exec: until then
    /// only building and filling the jail takes time.
    private func wait(begun inside: Control? = nil, until end: UInt64? = nil) -> Waking {
        while true {
            let now = monotonicMilliseconds()
            if let end, now >= end { return .late }
            let timeout = end.map { Int(min($0 - now, 1 << 30)) } ?? -1
            var polled = (
                pollfd(fd: Int32(pidfd), events: Int16(POLLIN), revents: 0),
                pollfd(fd: control.descriptor, events: 0, revents: 0),
                pollfd(fd: inside?.descriptor ?? -1, events: 0, revents: 0)
            )
            let ready = unsafe withUnsafeMutablePointer(to: &polled) {
                call(SYS_poll, Int(bitPattern: $0), 3, timeout)
            }
            if polled.0.revents != 0 || polled.1.revents != 0 || (ready < 0 && ready != -4) { return .ended }
            if polled.2.revents != 0 { return .begun }
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
