import CGloveboxLinux
import GloveboxPlanEmbedded

/// The jail from inside: process 1 of its namespaces, which builds the root, starts the workload and reaps.
struct Jail {
    let plan: JailPlan
    let control: Control

    /// Waits for the plan, and runs to the end of the workload; its exit ends every process in the jail.
    static func run(control: Control, launcher: Control) -> Never {
        guard let given = launcher.receive(JailMessage.plan, bodyLength: 0) else { leave(125) }
        for (index, descriptor) in given.descriptors.enumerated() where Int(descriptor) != Given.plan + index {
            control.fail(JailFault.plan.rawValue, -22)
        }
        guard let encoded = readAll(Given.plan, limit: 4 << 20), let plan = JailPlan(decoding: encoded) else {
            control.fail(JailFault.plan.rawValue, -22)
        }
        close(Given.plan)
        Jail(plan: plan, control: control).run(launcher: launcher)
    }

    private func run(launcher: Control) -> Never {
        enterGroups()
        guard launcher.expect(JailMessage.mapped) else { leave(125) }
        let id = Int(plan.initID)
        control.check(call(SYS_setresgid, id, id, id), .identity)
        control.check(call(SYS_setresuid, id, id, id), .identity)
        // After the last change of credentials, which would clear it.
        control.check(call(SYS_prctl, Int(PR_SET_PDEATHSIG), 9), .identity)
        // A launcher that died before that call sends no signal any more; its end of the socket tells.
        guard !launcher.isClosed else { leave(125) }
        // The change also gave our files in /proc to root; two of them are still to be written.
        control.check(call(SYS_prctl, Int(PR_SET_DUMPABLE), 1), .identity)
        control.check(call(SYS_unshare, Int(CLONE_NEWCGROUP)), .controlGroup)
        Assembly(plan: plan, control: control).run()
        control.check(write(decimal(UInt64(plan.oomScore)), to: bytes("/proc/self/oom_score_adj")), .limits)
        if plan.options.contains(.timeNamespace) { enterTimeNamespace() }
        control.check(withText(plan.hostname) { call(SYS_sethostname, $0, plan.hostname.count) }, .hostname)
        let processes = open(bytes("/proc"), Kernel.path | O_DIRECTORY)
        control.check(processes, .readback)
        changeRoot()
        control.check(call(SYS_keyctl, 1, 0), .keyring)
        lockPrivileges()
        var detached: (Int32, Int32) = (-1, -1)
        let piped = unsafe withUnsafeMutablePointer(to: &detached) {
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
                detached: Int(detached.0),
                processes: processes
            ).run()
        }
        close(processes)
        if plan.graceMilliseconds > 0 {
            control.check(launcher.send(JailMessage.workload, descriptors: [workload]), .workload)
        }
        // The kernel lets every processor pass before this returns; meanwhile the workload gets ready.
        control.check(withText(bytes(".")) { call(SYS_umount2, $0, Kernel.detach) }, .root)
        control.check(withText(bytes("/")) { call(SYS_chdir, $0) }, .root)
        // Before the workload, which may have the same id, is let on: it could look into us until then.
        control.check(dropCapabilities(), .capabilities)
        control.check(call(SYS_prctl, Int(PR_SET_DUMPABLE), 0), .capabilities)
        let dumpable = call(SYS_prctl, Int(PR_GET_DUMPABLE))
        control.check(dumpable, .capabilities)
        let told = withText([UInt8(truncatingIfNeeded: dumpable)]) { call(SYS_write, Int(detached.1), $0, 1) }
        control.check(told, .root)
        reap(pid)
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
        control.check(write(text, to: bytes("/proc/self/timens_offsets")), .timeNamespace)
    }

    /// Leaves the old root on top of the new one, where nothing reaches it; taking it away takes every mount of the host.
    private func changeRoot() {
        control.check(withText(bytes("root")) { call(SYS_chdir, $0) }, .root)
        control.check(withText(bytes(".")) { call(SYS_pivot_root, $0, $0) }, .root)
    }

    /// Closes the ways back to privilege, for this process and all it starts.
    private func lockPrivileges() {
        // NOROOT, NO_SETUID_FIXUP, each locked, and KEEP_CAPS locked off; the kernel's macros do not import.
        control.check(call(SYS_prctl, Int(PR_SET_SECUREBITS), 0x2f), .capabilities)
        for capability in 0..<64 {
            let dropped = call(SYS_prctl, Int(PR_CAPBSET_DROP), capability)
            if dropped == -22 && capability > 30 { break }
            control.check(dropped, .capabilities)
        }
        control.check(call(SYS_prctl, Int(PR_CAP_AMBIENT), Int(PR_CAP_AMBIENT_CLEAR_ALL)), .capabilities)
        control.check(call(SYS_prctl, Int(PR_SET_NO_NEW_PRIVS), 1), .capabilities)
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
