internal import CGloveboxLinux
internal import Glibc
package import GloveboxCore
internal import GloveboxLinux

/// Broker and signer as processes of their own: each runs as the owner of its directory, which nobody else may enter.
package enum CompanionProcess {
    /// The key broker.
    ///
    /// - Throws: as ``serve(_:)``.
    package static func runBroker() throws(GloveboxError) { try serve(BrokerService(".")) }

    /// The signer.
    ///
    /// - Throws: as ``serve(_:)``.
    package static func runSigner() throws(GloveboxError) { try serve(SignerService(".")) }

    /// Serves on descriptor 0 from the directory behind descriptor 3, as the supervisor started it.
    ///
    /// It ends when the supervisor does: then the socket has no other end.
    ///
    /// - Throws: `companion.started` when nobody gave it these descriptors; `companion.*`, `key.*`, `store.*`.
    private static func serve(_ service: some CompanionService) throws(GloveboxError) {
        let socket: Descriptor
        do throws(SyscallError) {
            socket = Descriptor(owning: 0)
            let maker = try socket.peerUser()
            guard maker == getuid() else { throw SyscallError("getsockopt(SO_PEERCRED)", EPERM) }
            _ = try Kernel.value(Kernel.call(SYS_fchdir, 3), "fchdir")
        } catch {
            throw GloveboxError(
                "companion.started",
                "this process is started by gloveboxd serve: \(error.coded("companion.started").message)"
            )
        }
        let directory = Descriptor(owning: 3)
        try becomeOwner(of: directory)
        try harden()
        try service.serve(FramedSocket(socket))
    }

    /// Gives up root for the owner of the directory; someone else's directory is refused.
    private static func becomeOwner(of directory: Descriptor) throws(GloveboxError) {
        do throws(SyscallError) {
            let owner = try directory.status().user
            if geteuid() == 0, owner != 0 {
                // glibc's own calls change every thread.
                guard setgroups(0, nil) == 0, setgid(owner) == 0, setuid(owner) == 0 else {
                    throw SyscallError("setuid", errno)
                }
            }
            guard geteuid() == owner, getuid() == owner else { throw SyscallError("geteuid", EPERM) }
        } catch { throw error.coded("companion.user") }
    }

    /// Nobody reads its memory but root, no core is written, and no program that it could start gains anything.
    private static func harden() throws(GloveboxError) {
        do throws(SyscallError) {
            _ = try Kernel.value(Kernel.call(SYS_prctl, Int(PR_SET_DUMPABLE), 0), "prctl(PR_SET_DUMPABLE)")
            _ = try Kernel.value(Kernel.call(SYS_prctl, Int(PR_SET_NO_NEW_PRIVS), 1), "prctl(PR_SET_NO_NEW_PRIVS)")
        } catch { throw error.coded("companion.user") }
    }
}
