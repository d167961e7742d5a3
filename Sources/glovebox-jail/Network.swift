import CGloveboxLinux
import GloveboxPlanEmbedded

/// The network namespace of a jail that root starts.
///
/// It is root's, so that no privilege in the jail reaches it; its interface is never up, so that nothing changes in it but
/// what sockets are there.
///
/// To make one and to take it away costs the kernel as much as all else of a small jail, so one whose jail is over serves
/// the next.
enum Network {
    /// Goes into one: the former where nothing is left of its jail, else a new one; its descriptor.
    static func enter(_ former: Int32?, _ control: Control) -> Int32 {
        if let former {
            if call(SYS_setns, Int(former), Int(CLONE_NEWNET)) >= 0, isEmpty { return former }
            close(Int(former))
        }
        control.check(call(SYS_unshare, Int(CLONE_NEWNET)), .clone)
        let network = open(bytes("/proc/self/ns/net"), O_RDONLY)
        control.check(network, .clone)
        return Int32(network)
    }

    /// Whether no process has a socket where this one is now: what a dead one had may still be on its way to nobody.
    ///
    /// Source: proc_pid_net(5); the first line of `sockstat` counts the sockets of the namespace, of every family, until the
    /// kernel has freed them.
    private static var isEmpty: Bool {
        let file = open(bytes("/proc/self/net/sockstat"), O_RDONLY)
        guard file >= 0 else { return false }
        defer { close(file) }
        let empty = bytes("sockets: used 0\n")
        var text = [UInt8](repeating: 0, count: empty.count)
        let read = unsafe text.withUnsafeMutableBufferPointer {
            call(SYS_read, file, Int(bitPattern: $0.baseAddress), $0.count)
        }
        return read == empty.count && text == empty
    }
}
