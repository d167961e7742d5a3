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
    /// What init opens before there is a plan stands from here on, out of their way.
    static let early = 40
    /// The user namespace through which the supervisor of an ordinary user sees the jail's files.
    static let view = 90
}

/// `glovebox-jail`: builds one jail from the plan it is sent, stays outside it as its guard, and ends with it.
///
/// The first process of the jail is born in its namespaces before there is a plan, so that a supervisor can keep a jail
/// ready.
@main enum Launcher {
    static func main() {
        let control = Control(descriptor: Given.control)
        begin(control)
        guard var first = control.receive(upTo: JailBirth.limit) else { leave(125) }
        if first.kind == JailMessage.launch {
            Zygote.serve(control, first)
            // A launcher now, whose control socket has taken the zygote's place.
            begin(control)
            Zygote.tell(control)
            guard let birth = control.receive(upTo: JailBirth.limit) else { leave(125) }
            first = birth
        }
        run(control, first)
    }

    /// What comes first in a launcher: it has the numbers that it counts on.
    private static func begin(_ control: Control) {
        _ = call(SYS_prctl, Int(PR_SET_PDEATHSIG), 9)
        // What the supervisor's own parent left open would come between the numbers.
        control.check(call(SYS_close_range, Int(Given.control) + 1, Int(UInt32.max)), .plan)
        pair(control)
    }

    /// Makes the socket between launcher and init, under the lowest numbers that are free.
    private static func pair(_ control: Control) {
        var ends: (Int32, Int32) = (-1, -1)
        let paired = unsafe withUnsafeMutablePointer(to: &ends) {
            call(SYS_socketpair, 1, seqPacket, 0, Int(bitPattern: $0))
        }
        control.check(paired, .clone)
    }

    private static func run(_ control: Control, _ message: (kind: UInt8, body: [UInt8], descriptors: [Int32])) {
        var message = message
        while true {
            guard message.kind == JailMessage.birth, let birth = JailBirth(decoding: message.body) else { leave(125) }
            var given = message.descriptors
            let former = birth.options.contains(.network) ? given.popLast() : nil
            guard given.count <= 1, former != nil || !birth.options.contains(.network) else { leave(125) }
            let network = birth.options.contains(.privileged) ? Network.enter(former, control) : nil
            if let (pid, pidfd) = bear(birth, control, given.first, network) {
                // The jail's own end of the pipes is all that may keep them open.
                for descriptor in 0..<3 { close(descriptor) }
                let namespace = open(bytes("/proc/") + decimal(UInt64(pid)) + bytes("/ns/mnt"), O_RDONLY)
                let namespaces = namespace < 0 ? [] : [Int32(namespace)]
                let told = [pidfd] + namespaces + (network.map { [$0] } ?? [])
                control.check(control.send(JailMessage.born, descriptors: told), .clone)
                for descriptor in told.dropFirst() { close(Int(descriptor)) }
                let inside = Control(descriptor: Given.outside)
                return Guard(control: control, pid: pid, pidfd: Int(pidfd)).run(inside: inside)
            }
            close(Int(Given.outside))
            pair(control)
            control.check(control.send(JailMessage.unmapped), .idMap)
            guard let next = control.receive(upTo: JailBirth.limit) else { leave(125) }
            message = next
        }
    }

    /// Gives birth to the jail's first process with its ids mapped; nil where those that the birth grants cannot be had.
    private static func bear(
        _ birth: JailBirth,
        _ control: Control,
        _ group: Int32?,
        _ network: Int32?
    ) -> (pid: Int, pidfd: Int32)? {
        if birth.options.contains(.privileged) { control.check(call(SYS_setgroups, 0, 0), .groups) }
        var pidfd: Int32 = -1
        var spaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS
        // Under root this process has gone there before.
        if !birth.options.contains(.privileged) { spaces |= CLONE_NEWNET }
        let pid = Int(unsafe glx_fork(UInt64(spaces), &pidfd, group ?? -1))
        control.check(pid, .clone)
        if let group { close(Int(group)) }
        if pid == 0 {
            close(Int(Given.outside))
            if let network { close(Int(network)) }
            Jail.run(birth, control: control, launcher: Control(descriptor: Given.inside))
        }
        close(Int(Given.inside))
        let inside = Control(descriptor: Given.outside)
        guard birth.options.contains(.granted) else {
            let process = bytes("/proc/") + decimal(UInt64(pid))
            control.check(write(bytes("deny"), to: process + bytes("/setgroups")), .idMap)
            control.check(write(birth.uidMap, to: process + bytes("/uid_map")), .idMap)
            control.check(write(birth.gidMap, to: process + bytes("/gid_map")), .idMap)
            control.check(inside.send(JailMessage.mapped), .clone)
            return (pid, pidfd)
        }
        if IDHelper.user.map(pid, birth.uidMap), IDHelper.group.map(pid, birth.gidMap),
            inside.send(JailMessage.mapped) >= 0, inside.expect(JailMessage.settled)
        {
            return (pid, pidfd)
        }
        _ = call(SYS_pidfd_send_signal, Int(pidfd), 9)
        _ = call(SYS_wait4, pid)
        close(Int(pidfd))
        return nil
    }

    /// `SOCK_SEQPACKET | SOCK_CLOEXEC`, of a family whose number is 1, `AF_UNIX`.
    private static let seqPacket = 5 | 0o2_000_000
}
