internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan
internal import Synchronization

/// A process of `glovebox-jail` that forks launchers, each a child of the thread that started it here.
///
/// It executes one open file, so that every launcher is made of the bytes that were measured, whatever has been put under
/// their name since.
final class LauncherZygote: Sendable {
    /// What its launchers are called among the processes of the host.
    private let name: [UInt8]
    /// Whether it and its launchers have left the mounts of the host, so that no plan of theirs may name a path of it.
    let hasLeftHost: Bool
    private let socket: Descriptor
    private let process: LaunchedProcess
    private let isWaitedFor = Atomic(false)

    /// Starts it; the kernel kills it and its launchers when the calling thread ends.
    ///
    /// - Throws: `jail.launcher`.
    init(_ path: String, _ file: Descriptor?) throws(GloveboxError) {
        // Without device nodes of its own a jail is shown the host's.
        hasLeftHost = WaitingJail.makeDevices() != nil
        name = Array((path.utf8.split(separator: UInt8(ascii: "/")).last ?? []).prefix(JailMessage.nameLimit))
        do throws(SyscallError) {
            let file = if let file { file } else { try Descriptor.open(path, O_RDONLY) }
            let (mine, theirs) = try Descriptor.socketPair()
            let null = try Descriptor.open("/dev/null", O_RDWR)
            process = try LaunchedProcess.start(
                "/proc/self/fd/4",  // the file, in the child
                arguments: ["glovebox-jail"],
                descriptors: [null, null, null, theirs, file]
            )
            socket = mine
        } catch { throw error.coded("jail.launcher") }
    }

    /// Asks for a launcher with these descriptors: stdout, stderr, control socket.
    func launch(_ descriptors: [Descriptor]) throws(SyscallError) {
        let packet = [JailMessage.launch, hasLeftHost ? 1 : 0] + name
        let sent = unsafe glx_send(
            socket.raw,
            packet,
            packet.count,
            descriptors.map(\.raw),
            Int32(descriptors.count)
        )
        withExtendedLifetime(descriptors) {}
        guard sent == Int32(packet.count) else { throw SyscallError("sendmsg", -sent) }
    }

    /// Whether it can be asked.
    var isServing: Bool {
        var polled = [pollfd(fd: socket.raw, events: 0, revents: 0)]
        return unsafe poll(&polled, 1, 0) == 0  // that the other end is gone is always told
    }

    /// Ends it, while its launchers go on; on one thread at a time.
    func end() {
        guard !isWaitedFor.load(ordering: .relaxed) else { return }
        process.kill()
        do { _ = try process.wait() } catch {}  // it was not ours to wait for, so there is nothing left of it
        isWaitedFor.store(true, ordering: .relaxed)
    }

    /// Ends it and every launcher that is left of it.
    func endAll() {
        if !isWaitedFor.load(ordering: .relaxed) { _ = Glibc.kill(-process.pid, SIGKILL) }
        end()
        while Self.reap(process.pid, 0) == .one {}
    }

    /// Waits for launchers that have ended, also for those of which nobody was told; true when none is left of a zygote
    /// that has ended.
    func reap() -> Bool {
        var found = Found.one
        while found == .one { found = Self.reap(process.pid, WNOHANG) }
        return found == .none
    }

    private enum Found { case one, running, none }

    /// Waits for one of the process group.
    private static func reap(_ group: Int32, _ options: Int32) -> Found {
        var status: Int32 = 0
        let pid = unsafe waitpid(-group, &status, options)
        if pid == 0 { return .running }
        return pid > 0 || Glibc.errno == EINTR ? .one : .none
    }
}
