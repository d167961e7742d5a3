import GloveboxCore
import GloveboxLinux

/// An abstract socket of the host that a job must not reach.
enum ProbeSocket {
    /// The `sockaddr_un` of an abstract name: family 1, a zero, the name.
    static func address(_ name: String) -> [UInt8] { [1, 0, 0] + Array(name.utf8) }

    /// Listens under that name until the descriptor goes.
    static func listen(_ name: String) throws(GloveboxError) -> Descriptor {
        let address = address(name)
        do throws(SyscallError) {
            let made = try Kernel.value(SystemCall.make("socket", 1, 1 | 0x80000), "socket")  // SOCK_CLOEXEC
            let socket = Descriptor(owning: Int32(truncatingIfNeeded: made))
            let bound = SystemCall.withBytes(address) { SystemCall.make("bind", Int(socket.raw), $0, address.count) }
            _ = try Kernel.value(bound, "bind")
            _ = try Kernel.value(SystemCall.make("listen", Int(socket.raw), 8), "listen")
            return socket
        } catch { throw error.coded("jail.probe") }
    }
}
