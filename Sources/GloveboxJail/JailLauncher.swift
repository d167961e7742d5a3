internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan
internal import Synchronization

/// A launcher that has been started and waits for what it is sent: first to give birth, then the plan.
///
/// It starts up while the supervisor makes the jail's control groups and mounts.
final class JailLauncher: Sendable {
    /// The socket over which they speak.
    let control: Descriptor
    /// The program's stdout and stderr, to be read here.
    let streams: [Descriptor]
    private let process: Process
    private let isWaitedFor = Atomic(false)

    /// Whose child it is.
    private enum Process {
        case ours(LaunchedProcess)
        case anothers(ForeignProcess)

        func kill() {
            switch self {
            case .ours(let process): process.kill()
            case .anothers(let process): process.kill()
            }
        }

        func wait() throws(SyscallError) {
            switch self {
            case .ours(let process): _ = try process.wait()
            case .anothers(let process): try process.wait()
            }
        }
    }

    /// Takes over one that another process has started.
    init(control: Descriptor, streams: [Descriptor], _ process: ForeignProcess) {
        (self.control, self.streams, self.process) = (control, streams, .anothers(process))
    }

    /// The process, when it is a child of this one.
    var child: LaunchedProcess? { if case .ours(let process) = process { process } else { nil } }

    /// Starts it; the descriptors it gets later follow stdin, stdout, stderr and the socket.
    init(_ path: String) throws(GloveboxError) {
        do throws(SyscallError) {
            let (mine, theirs) = try Descriptor.socketPair()
            let (out, error) = (try Descriptor.pipe(), try Descriptor.pipe())
            try out.read.setNonBlocking()
            try error.read.setNonBlocking()
            let null = try Descriptor.open("/dev/null", O_RDONLY)
            process = .ours(
                try LaunchedProcess.start(
                    path,
                    arguments: ["glovebox-jail"],
                    descriptors: [null, out.write, error.write, theirs]
                )
            )
            control = mine
            streams = [out.read, error.read]
        } catch {
            let hint = "The launcher glovebox-jail must stand beside the program that starts it."
            throw error.coded("jail.launcher", hint: error.call == "posix_spawn" ? hint : nil)
        }
    }

    /// Lets it give birth to the jail's first process, in that control group of version 2 where there is one.
    func bear(_ birth: JailBirth, in birthplace: Descriptor?) throws(GloveboxError) {
        let packet = [JailMessage.birth] + birth.encoded
        do throws(SyscallError) { try send(packet, [birthplace].compactMap(\.self)) } catch {
            throw error.coded("jail.launcher")
        }
    }

    /// Whether it still waits: one that was killed, or failed to give birth, does not.
    var isWaiting: Bool {
        var polled = [pollfd(fd: control.raw, events: 0, revents: 0)]  // that the other end is gone is always told
        return unsafe poll(&polled, 1, 0) == 0
    }

    /// Gives it the plan and what the plan names.
    func send(_ builder: JailPlanBuilder) throws(GloveboxError) {
        do throws(SyscallError) {
            let plan = try Descriptor.sealed(builder.plan.encoded, name: "plan")
            try send([JailMessage.plan], [plan] + builder.descriptors)
        } catch { throw error.coded("jail.launcher") }
    }

    private func send(_ packet: [UInt8], _ descriptors: [Descriptor]) throws(SyscallError) {
        let sent = unsafe glx_send(
            control.raw,
            packet,
            packet.count,
            descriptors.map(\.raw),
            Int32(descriptors.count)
        )
        withExtendedLifetime(descriptors) {}
        if sent == -EPIPE || sent == -ECONNRESET { return }  // it is gone; why, if it said so, is still to be read
        guard sent == Int32(packet.count) else { throw SyscallError("sendmsg", -sent) }
    }

    /// Ends it, and so its jail; harmless when it has been waited for.
    func kill() { if !isWaitedFor.load(ordering: .relaxed) { process.kill() } }

    /// Ends it and waits, when it is not wanted or what it was for has failed.
    func discard() {
        kill()
        do { try wait() } catch {}  // it was not ours to wait for, so there is nothing left of it
    }

    /// Waits for its end, once.
    func wait() throws(GloveboxError) {
        guard !isWaitedFor.load(ordering: .relaxed) else { return }
        do { try process.wait() } catch { throw error.coded("jail.launcher") }
        isWaitedFor.store(true, ordering: .relaxed)
    }
}
