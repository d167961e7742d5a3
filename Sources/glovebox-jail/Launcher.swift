import CGloveboxLinux
import GloveboxPlanEmbedded

/// Descriptors of the launcher beside 0, 1 and 2.
enum Given {
    static let control: Int32 = 3
    /// The first of those that come with the plan's message: the kernel gives them the lowest free numbers in turn.
    static let plan = 4
}

/// `glovebox-jail`: builds one jail from the plan it is sent, stays outside it as its guard, and ends with it.
@main enum Launcher {
    static func main() {
        let control = Control(descriptor: Given.control)
        _ = call(SYS_prctl, Int(PR_SET_PDEATHSIG), 9)
        // What the supervisor's own parent left open would come between the numbers.
        control.check(call(SYS_close_range, Given.plan, Int(UInt32.max)), .plan)
        guard control.expect(JailMessage.plan, firstDescriptor: Given.plan) else { leave(125) }
        guard let encoded = readAll(Given.plan, limit: 4 << 20), let plan = JailPlan(decoding: encoded) else {
            control.fail(JailFault.plan.rawValue, -22)
        }
        close(Given.plan)
        if plan.options.contains(.privileged) { control.check(call(SYS_setgroups, 0, 0), .groups) }
        var gate: (Int32, Int32) = (-1, -1)
        let piped = unsafe withUnsafeMutablePointer(to: &gate) {
            call(SYS_pipe2, Int(bitPattern: $0), Int(O_CLOEXEC))
        }
        control.check(piped, .clone)
        var pidfd: Int32 = -1
        let spaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
        let group = plan.options.contains(.bornInGroup) ? Int32(truncatingIfNeeded: plan.group) : -1
        let pid = Int(unsafe glx_fork(UInt64(spaces), &pidfd, group))
        control.check(pid, .clone)
        if pid == 0 {
            close(Int(gate.1))
            Jail(plan: plan, control: control).run(gate: Int(gate.0))
        }
        close(Int(gate.0))
        guardJail(plan, control, pid: pid, pidfd: Int(pidfd), gate: Int(gate.1))
    }
}

/// Maps the ids, lets the jail go, and waits for its end, the wall clock, or the supervisor's death.
func guardJail(_ plan: JailPlan, _ control: Control, pid: Int, pidfd: Int, gate: Int) {
    let process = bytes("/proc/") + decimal(UInt64(pid))
    control.check(write(bytes("deny"), to: process + bytes("/setgroups")), .idMap)
    control.check(write(plan.uidMap, to: process + bytes("/uid_map")), .idMap)
    control.check(write(plan.gidMap, to: process + bytes("/gid_map")), .idMap)
    let start = monotonicMilliseconds()
    control.check(withText([1]) { call(SYS_write, gate, $0, 1) }, .clone)
    close(gate)
    // The jail's own end of the pipes is all that may keep them open.
    for descriptor in 0..<3 { close(descriptor) }
    var timeout = plan.wallMilliseconds > 0 ? Int(clamping: plan.wallMilliseconds) : -1
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
        let expired = plan.wallMilliseconds > 0 && elapsed >= Int(clamping: plan.wallMilliseconds)
        if expired || polled.1.revents != 0 || (ready < 0 && ready != -4) {
            _ = call(SYS_pidfd_send_signal, pidfd, 9)
            if expired { _ = control.send(JailMessage.expired) }
            break
        }
        if plan.wallMilliseconds > 0 { timeout = max(0, Int(clamping: plan.wallMilliseconds) - elapsed) }
    }
    _ = call(SYS_wait4, pid)
}

/// Milliseconds on the monotonic clock.
func monotonicMilliseconds() -> UInt64 {
    var time = __kernel_timespec()
    _ = unsafe withUnsafeMutablePointer(to: &time) { call(SYS_clock_gettime, 1, Int(bitPattern: $0)) }
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}
