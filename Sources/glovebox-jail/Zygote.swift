import CGloveboxLinux
import GloveboxPlanEmbedded

/// A process of this program that is asked for launchers instead of a birth: it forks each from its own image, which no
/// jail has ever used, and so saves it the exec and the C library's start.
///
/// It is given sockets and pipes alone, and keeps none of them. A launcher is its sibling, the supervisor's own child:
/// it lives on when the zygote dies, and dies with the supervisor as one that was executed does.
enum Zygote {
    /// Serves requests until the supervisor is gone; returns in each launcher.
    static func serve(_ requests: Control, _ first: (kind: UInt8, body: [UInt8], descriptors: [Int32])) {
        // What is forked can be waited for as a group, also when nobody was told of it.
        _ = call(SYS_setpgid)
        _ = call(SYS_prctl, Int(PR_SET_DUMPABLE), 0)
        name(bytes("glovebox-zygote"))
        for descriptor in [Given.inside, Given.outside] { close(Int(descriptor)) }
        if first.body.first == 1 { leaveHost(requests) }
        var request = first
        while true {
            guard request.kind == JailMessage.launch, request.descriptors.count == 3,
                1...JailMessage.nameLimit + 1 ~= request.body.count
            else { leave(125) }
            if glx_fork(UInt64(CLONE_PARENT), nil, -1) == 0 {
                return become([UInt8](request.body[1...]), request.descriptors)
            }
            // Where the fork has failed, the launcher's socket closes here, and the supervisor sees it.
            for descriptor in request.descriptors { close(Int(descriptor)) }
            guard let next = requests.receive(upTo: JailMessage.nameLimit + 1) else { leave(0) }
            request = next
        }
    }

    /// Takes every mount of the host away but its processes: each jail's namespace begins as a copy of what there is here.
    private static func leaveHost(_ control: Control) {
        control.check(call(SYS_unshare, Int(CLONE_NEWNS)), .root)
        control.check(withText(bytes("/")) { call(SYS_mount, 0, $0, 0, Int(MS_REC | MS_PRIVATE)) }, .propagation)
        let flags = Int(OPEN_TREE_CLONE) | Int(O_CLOEXEC) | Int(AT_RECURSIVE)
        let processes = call(SYS_open_tree, Int(AT_FDCWD), address("/proc"), flags)
        control.check(processes, .root)
        Ground.enter(control)
        for place in [address("proc"), address("tmp")] {
            control.check(call(SYS_mkdirat, Int(AT_FDCWD), place, 0o755), .root)
        }
        let empty = address("")
        let moved = call(SYS_move_mount, processes, empty, Int(AT_FDCWD), address("proc"), Int(MOVE_MOUNT_F_EMPTY_PATH))
        control.check(moved, .root)
        close(processes)
        Ground.leaveHost(control)
    }

    /// Tells the supervisor who has been forked: it alone may wait for it.
    static func tell(_ control: Control) {
        let process = call(SYS_pidfd_open, call(SYS_getpid))
        control.check(process, .clone)
        control.check(control.send(JailMessage.launched, descriptors: [Int32(process)]), .clone)
        close(process)
    }

    /// Takes on what an executed launcher is started with.
    private static func become(_ name: [UInt8], _ descriptors: [Int32]) {
        for (index, descriptor) in descriptors.enumerated() {
            guard call(SYS_dup3, Int(descriptor), index + 1) >= 0 else { leave(125) }
        }
        _ = call(SYS_prctl, Int(PR_SET_DUMPABLE), 1)
        Self.name(name)
    }

    private static func name(_ name: [UInt8]) { _ = withText(name) { call(SYS_prctl, Int(PR_SET_NAME), $0) } }
}
