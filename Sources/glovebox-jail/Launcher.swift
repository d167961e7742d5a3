import CGloveboxLinux
import GloveboxPlanEmbedded

/// Descriptors of launcher and init beside 0, 1 and 2.
enum Given {
    static let control: Int32 = 3
    /// The socket between launcher and init: init's end, then the launcher's.
    static let inside: Int32 = 4
    static let outside: Int32 = 5
    /// The first descriptor in init of those that come with the plan's message.
    ///
    /// Init has closed the launcher's end; the kernel gives the lowest free numbers in turn.
    static let plan = 5
}

/// `glovebox-jail`: builds one jail from the plan it is sent, stays outside it as its guard, and ends with it.
///
/// The first process of the jail is born in its namespaces before there is a plan, so that a supervisor can keep a jail
/// ready.
@main enum Launcher {
    static func main() {
        let control = Control(descriptor: Given.control)
        _ = call(SYS_prctl, Int(PR_SET_PDEATHSIG), 9)
        // What the supervisor's own parent left open would come between the numbers.
        control.check(call(SYS_close_range, Int(Given.control) + 1, Int(UInt32.max)), .plan)
        var ends: (Int32, Int32) = (-1, -1)
        let paired = unsafe withUnsafeMutablePointer(to: &ends) {
            call(SYS_socketpair, 1, seqPacket, 0, Int(bitPattern: $0))
        }
        control.check(paired, .clone)
        guard let birth = control.receive(JailMessage.birth, bodyLength: 1), birth.descriptors.count <= 1 else {
            leave(125)
        }
        if birth.body == [1] { control.check(call(SYS_setgroups, 0, 0), .groups) }
        var pidfd: Int32 = -1
        let spaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
        let pid = Int(unsafe glx_fork(UInt64(spaces), &pidfd, birth.descriptors.first ?? -1))
        control.check(pid, .clone)
        for group in birth.descriptors { close(Int(group)) }
        if pid == 0 {
            close(Int(Given.outside))
            Jail.run(control: control, launcher: Control(descriptor: Given.inside))
        }
        close(Int(Given.inside))
        let namespace = open(bytes("/proc/") + decimal(UInt64(pid)) + bytes("/ns/mnt"), O_RDONLY)
        control.check(control.send(JailMessage.born, descriptors: namespace < 0 ? [] : [Int32(namespace)]), .clone)
        if namespace >= 0 { close(namespace) }
        Guard(control: control, pid: pid, pidfd: Int(pidfd)).run(inside: Control(descriptor: Given.outside))
    }

    /// `SOCK_SEQPACKET | SOCK_CLOEXEC`, of a family whose number is 1, `AF_UNIX`.
    private static let seqPacket = 5 | 0o2_000_000
}
