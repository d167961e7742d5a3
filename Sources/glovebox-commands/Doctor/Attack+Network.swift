import GloveboxLinux

extension Attack {
    /// Ways out by a socket.
    static let network: [Attack] = [
        socket("attack-inet", "an IPv4 socket", 2, 1),
        socket("attack-inet6", "an IPv6 socket", 10, 1),
        socket("attack-netlink", "a netlink socket", 16, 3),
        socket("attack-packet", "a raw packet socket", 17, 3),
        socket("attack-vsock", "a socket to the hypervisor", 40, 1),
        socket("attack-alg", "a socket of the kernel's cryptography", 38, 5),
        Attack(name: "attack-host-socket", what: "connecting to an abstract socket of the host") {
            let address = ProbeSocket.address($0.socket)
            let made = SystemCall.make("socket", 1, 1)
            guard made >= 0 else { return made }
            let socket = Descriptor(owning: Int32(truncatingIfNeeded: made))
            return SystemCall.withBytes(address) { SystemCall.make("connect", Int(socket.raw), $0, address.count) }
        },
    ]

    private static func socket(_ name: String, _ what: String, _ family: Int, _ type: Int) -> Attack {
        Attack(name: name, what: what) { _ in SystemCall.opening("socket", family, type) }
    }
}
