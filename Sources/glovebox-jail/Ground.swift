import CGloveboxLinux
import GloveboxPlanEmbedded

/// What every jail stands on: its first process makes it before there is a plan, so that no job waits for it.
struct Ground {
    /// The jail's process file system, which stands nowhere yet; -errno where the kernel does not give one.
    let processes: Int
    /// A descriptor of the host's `/proc`, through which the kernel's account is read until the program starts.
    let host: Int
    /// Whether the mounts of the host are gone.
    let hasLeftHost: Bool
    /// Whether the jail has ids that the host grants an ordinary user.
    let isGranted: Bool
    private let control: Control
    private let launcher: Control

    /// Takes on the jail's ids, locks privileges that are not needed, and leaves the host where the birth says so.
    init(_ birth: JailBirth, control: Control, launcher: Control) {
        guard launcher.expect(JailMessage.mapped) else { leave(125) }
        isGranted = birth.options.contains(.granted)
        if isGranted {
            // A launcher that finds us gone does without these ids.
            guard call(SYS_setgroups, 0, 0) >= 0, SupervisorView.make() else { leave(125) }
            guard launcher.send(JailMessage.settled) >= 0 else { leave(125) }
        }
        let id = Int(birth.initID)
        control.check(call(SYS_setresgid, id, id, id), .identity)
        control.check(call(SYS_setresuid, id, id, id), .identity)
        self.control = control
        self.launcher = launcher
        Self.settle(control, launcher)
        control.check(call(SYS_keyctl, 1, 0), .keyring)
        Self.lockPrivileges(control)
        host = Self.aside(open(bytes("/proc"), Kernel.path | O_DIRECTORY))
        control.check(host, .readback)
        // A user namespace may mount one only while it sees the host's whole.
        processes = Self.aside(Self.makeProcesses())
        control.check(withText(bytes("/")) { call(SYS_mount, 0, $0, 0, Int(MS_REC | MS_PRIVATE)) }, .propagation)
        hasLeftHost = birth.options.contains(.leavesHost)
        if hasLeftHost {
            Self.enter(control)
            Self.leaveHost(control)
        }
    }

    /// What follows every change of credentials, which undoes it.
    private static func settle(_ control: Control, _ launcher: Control) {
        control.check(call(SYS_prctl, Int(PR_SET_PDEATHSIG), 9), .identity)
        // A launcher that died before that call sends no signal any more; its end of the socket tells.
        guard !launcher.isClosed else { leave(125) }
        // The change also gave our files in /proc to root; two of them are still to be written.
        control.check(call(SYS_prctl, Int(PR_SET_DUMPABLE), 1), .identity)
    }

    /// Looks at the host's files with the rights of the user who started the jail, where the jail has ids beside.
    func asStarter<Result>(_ body: () -> Result) -> Result {
        guard isGranted else { return body() }
        _ = call(SYS_setfsgid, Int(JailBirth.starter))
        _ = call(SYS_setfsuid, Int(JailBirth.starter))
        defer {
            _ = call(SYS_setfsuid, 0)
            _ = call(SYS_setfsgid, 0)
            Self.settle(control, launcher)
        }
        return body()
    }

    /// Mounts the tmpfs in which the root is put together, and goes there.
    static func enter(_ control: Control) {
        let mounted = withText(bytes("tmpfs")) { type in
            withText(bytes("/tmp")) { place in
                withText(bytes("mode=755")) { call(SYS_mount, type, place, type, Int(MS_NOSUID | MS_NODEV), $0) }
            }
        }
        control.check(mounted, .assembly)
        control.check(withText(bytes("/tmp")) { call(SYS_chdir, $0) }, .assembly)
    }

    /// Makes that tmpfs the root and takes every mount of the host away, for which the kernel waits for every processor.
    static func leaveHost(_ control: Control) {
        control.check(withText(bytes(".")) { call(SYS_pivot_root, $0, $0) }, .root)
        control.check(withText(bytes(".")) { call(SYS_umount2, $0, Kernel.detach) }, .root)
        control.check(withText(bytes("/")) { call(SYS_chdir, $0) }, .root)
    }

    /// Closes the ways back to privilege, for this process and all it starts.
    private static func lockPrivileges(_ control: Control) {
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

    /// Out of the way of the descriptors that come with the plan.
    private static func aside(_ descriptor: Int) -> Int {
        guard descriptor >= 0 else { return descriptor }
        let moved = call(SYS_fcntl, descriptor, Int(F_DUPFD_CLOEXEC), Given.early)
        close(descriptor)
        return moved
    }

    /// A process file system with only processes, only one's own, read-only; -errno.
    private static func makeProcesses() -> Int {
        let context = withText(bytes("proc")) { call(SYS_fsopen, $0, 1) }  // FSOPEN_CLOEXEC
        guard context >= 0 else { return context }
        defer { close(context) }
        var done = withText(bytes("ro")) { call(SYS_fsconfig, context, Int(FSCONFIG_SET_FLAG.rawValue), $0) }
        for (name, value) in [(bytes("subset"), bytes("pid")), (bytes("hidepid"), bytes("invisible"))] where done >= 0 {
            done = withText(name) { name in
                withText(value) { call(SYS_fsconfig, context, Int(FSCONFIG_SET_STRING.rawValue), name, $0) }
            }
        }
        if done >= 0 { done = call(SYS_fsconfig, context, Int(FSCONFIG_CMD_CREATE.rawValue)) }
        guard done >= 0 else { return done }
        let attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC
        return call(SYS_fsmount, context, 1, Int(attributes))  // FSMOUNT_CLOEXEC
    }
}
