import CGloveboxLinux
import GloveboxPlanEmbedded

/// The jail from inside: process 1 of its namespaces, which builds the root, starts the workload and reaps.
struct Jail {
    let plan: JailPlan
    let control: Control
    let ground: Ground

    /// Waits for the plan, and runs to the end of the workload; its exit ends every process in the jail.
    static func run(_ birth: JailBirth, control: Control, launcher: Control) -> Never {
        let ground = Ground(birth, control: control, launcher: launcher)
        guard let given = control.receive(JailMessage.plan, bodyLength: 0) else { leave(125) }
        for (index, descriptor) in given.descriptors.enumerated() where Int(descriptor) != Given.plan + index {
            control.fail(JailFault.plan.rawValue, -22)
        }
        guard let encoded = readAll(Given.plan, limit: 4 << 20), let plan = JailPlan(decoding: encoded) else {
            control.fail(JailFault.plan.rawValue, -22)
        }
        close(Given.plan)
        Jail(plan: plan, control: control, ground: ground).run(launcher: launcher)
    }

    private func run(launcher: Control) -> Never {
        let time = word(plan.wallMilliseconds) + word(plan.graceMilliseconds)
        control.check(launcher.send(JailMessage.time, time), .clone)
        enterGroups()
        control.check(call(SYS_unshare, Int(CLONE_NEWCGROUP)), .controlGroup)
        Assembly(plan: plan, control: control, ground: ground).run()
        if !ground.hasLeftHost { Ground.leaveHost(control) }
        control.check(write(decimal(UInt64(plan.oomScore)), to: "self/oom_score_adj"), .limits)
        if plan.options.contains(.timeNamespace) { enterTimeNamespace() }
        control.check(withText(plan.hostname) { call(SYS_sethostname, $0, plan.hostname.count) }, .hostname)
        enterRoot()
        var locked: (Int32, Int32) = (-1, -1)
        let piped = unsafe withUnsafeMutablePointer(to: &locked) {
            call(SYS_pipe2, Int(bitPattern: $0), Int(O_CLOEXEC))
        }
        control.check(piped, .workload)
        var workload: Int32 = -1
        let pid = Int(unsafe glx_fork(0, &workload, -1))
        control.check(pid, .workload)
        if pid == 0 {
            Workload(
                plan: plan,
                control: control,
                launcher: launcher,
                locked: Int(locked.0),
                processes: ground.host
            ).run()
        }
        // Before the workload, which may have the same id, is let on: it could look into us until then.
        control.check(dropCapabilities(), .capabilities)
        control.check(call(SYS_prctl, Int(PR_SET_DUMPABLE), 0), .capabilities)
        let dumpable = call(SYS_prctl, Int(PR_GET_DUMPABLE))
        control.check(dumpable, .capabilities)
        let told = withText([UInt8(truncatingIfNeeded: dumpable)]) { call(SYS_write, Int(locked.1), $0, 1) }
        control.check(told, .root)
        if plan.graceMilliseconds > 0 {
            control.check(launcher.send(JailMessage.workload, descriptors: [workload]), .workload)
        }
        reap(pid)
    }

    /// Writes a short file below the host's `/proc`.
    private func write(_ text: [UInt8], to path: StaticString) -> Int {
        let file = call(SYS_openat, ground.host, address(path), Int(O_WRONLY | O_CLOEXEC))
        guard file >= 0 else { return file }
        defer { close(file) }
        return writeOnce(text, to: file)
    }

    /// Enters the control groups of version 1 by itself: the kernel lets a lone thread move at once, while moving
    /// another process makes it wait for every processor.
    private func enterGroups() {
        for descriptor in plan.tasks {
            let entered = withText([UInt8(ascii: "0")]) { call(SYS_write, Int(descriptor), $0, 1) }
            control.check(entered, .controlGroup)
        }
    }

    /// The clocks of the jail start near zero, so that they tell nothing of the host.
    private func enterTimeNamespace() {
        control.check(call(SYS_unshare, Int(CLONE_NEWTIME)), .timeNamespace)
        var text: [UInt8] = []
        for (name, clock) in [(bytes("monotonic -"), 1), (bytes("boottime -"), 7)] {
            var time = __kernel_timespec()
            let read = unsafe withUnsafeMutablePointer(to: &time) {
                call(SYS_clock_gettime, clock, Int(bitPattern: $0))
            }
            control.check(read, .timeNamespace)
            text += name + decimal(UInt64(time.tv_sec)) + bytes(" 0\n")
        }
        control.check(write(text, to: "self/timens_offsets"), .timeNamespace)
    }

    /// Lays the root over the place where it was put together, which nothing reaches any more, and makes it the root.
    ///
    /// Taking that place away would have the kernel wait for every processor. It is empty but for what the root shows anyway,
    /// and going back to it takes a privilege that nothing in the jail has.
    private func enterRoot() {
        control.check(withText(bytes("root")) { call(SYS_chdir, $0) }, .root)
        let moved = call(SYS_move_mount, Int(AT_FDCWD), address("."), Int(AT_FDCWD), address("/"))
        control.check(moved, .root)
        control.check(call(SYS_chroot, address(".")), .root)
    }

    private func reap(_ workload: Int) -> Never {
        _ = call(SYS_close_range, 0, Int(control.descriptor) - 1)
        _ = call(SYS_close_range, Int(control.descriptor) + 1, Int(UInt32.max))
        while true {
            var status: Int32 = 0
            var usage = [Int](repeating: 0, count: 18)  // struct rusage: 16 longs; two to spare
            let pid = unsafe withUnsafeMutablePointer(to: &status) { status in
                unsafe usage.withUnsafeMutableBufferPointer { usage in
                    call(SYS_wait4, -1, Int(bitPattern: status), 0, Int(bitPattern: usage.baseAddress))
                }
            }
            if pid == workload {
                let user = UInt64(usage[0] * 1_000_000 + usage[1])
                let system = UInt64(usage[2] * 1_000_000 + usage[3])
                let body = word(status) + word(user) + word(system) + word(UInt64(usage[4]) * 1024)
                _ = control.send(JailMessage.ended, body)
                leave(0)
            }
            if pid < 0 && pid != -4 { control.fail(JailFault.workload.rawValue, pid) }
        }
    }
}

/// Empties the effective, permitted and inheritable sets; 0, or -errno.
func dropCapabilities() -> Int {
    var header: (UInt32, Int32) = (0x2008_0522, 0)
    var sets: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0, 0)
    return unsafe withUnsafeMutablePointer(to: &header) { header in
        unsafe withUnsafeMutablePointer(to: &sets) { sets in
            call(SYS_capset, Int(bitPattern: header), Int(bitPattern: sets))
        }
    }
}
