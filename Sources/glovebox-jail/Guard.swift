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
        let start = monotonicMilliseconds()
        control.check(inside.send(JailMessage.mapped), .clone)
        // The jail's own end of the pipes is all that may keep them open.
        for descriptor in given.descriptors { close(Int(descriptor)) }
        for descriptor in 0..<3 { close(descriptor) }
        wait(since: start, limit: plan.wallMilliseconds)
    }

    private func wait(since start: UInt64, limit: UInt64) {
        var timeout = limit > 0 ? Int(clamping: limit) : -1
        while true {
            var polled = (
                pollfd(fd: Int32(pidfd), events: Int16(POLLIN), revents: 0),
                pollfd(fd: control.descriptor, events: 0, revents: 0)
            )
            let ready = unsafe withUnsafeMutablePointer(to: &polled) {
                call(SYS_poll, Int(bitPattern: $0), 2, min(timeout, 1 << 30))
            }
            if polled.0.revents != 0 { break }
            let elapsed = Int(clamping: monotonicMilliseconds() - start)
            let expired = limit > 0 && elapsed >= Int(clamping: limit)
            if expired || polled.1.revents != 0 || (ready < 0 && ready != -4) {
                kill()
                if expired { _ = control.send(JailMessage.expired) }
                break
            }
            if limit > 0 { timeout = max(0, Int(clamping: limit) - elapsed) }
        }
        _ = call(SYS_wait4, pid)
    }

    private func kill() { _ = call(SYS_pidfd_send_signal, pidfd, 9) }
}

/// Milliseconds on the monotonic clock.
func monotonicMilliseconds() -> UInt64 {
    var time = __kernel_timespec()
    _ = unsafe withUnsafeMutablePointer(to: &time) { call(SYS_clock_gettime, 1, Int(bitPattern: $0)) }
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}
