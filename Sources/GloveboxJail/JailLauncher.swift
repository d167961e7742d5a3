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
    private let process: Mutex<Process>
    private let isWaitedFor = Atomic(false)
    private let awaited = Mutex<Born?>(nil)

    /// The jail's first process, as the launcher shows it.
    struct Born {
        let process: Descriptor?
        /// Its mount namespace.
        let namespace: Descriptor?
        /// Its network namespace; nil but under root.
        let network: Descriptor?

        /// What came with ``JailMessage/born``.
        init(_ descriptors: [Descriptor], hasNetwork: Bool) {
            let others = descriptors.dropFirst()
            process = descriptors.first
            network = hasNetwork ? others.last : nil
            namespace = others.count > (hasNetwork ? 1 : 0) ? others.first : nil
        }
    }

    /// What ``bear(_:in:)`` has waited for; nil where it did not.
    var born: Born? { awaited.withLock { $0 } }

    /// Whose child it is.
    private enum Process {
        case ours(LaunchedProcess)
        case anothers(ForeignProcess)
        /// Out of a zygote, and not told yet; it ends when its socket closes, and the zygote's owner waits for it.
        case untold
        /// A child of ours out of a zygote.
        case forked(ForeignProcess)

        func kill() {
            switch self {
            case .untold: break
            case .forked(let process): process.kill()
            case .ours(let process): process.kill()
            case .anothers(let process): process.kill()
            }
        }

        func wait() throws(SyscallError) {
            switch self {
            case .untold: break
            case .forked(let process): try process.reap()
            case .ours(let process): _ = try process.wait()
            case .anothers(let process): try process.wait()
            }
        }
    }

    /// Takes over one that another process has started.
    init(control: Descriptor, streams: [Descriptor], _ process: ForeignProcess) {
        (self.control, self.streams) = (control, streams)
        self.process = Mutex(.anothers(process))
    }

    /// The process, when it is a child of this one.
    var child: LaunchedProcess? { process.withLock { if case .ours(let process) = $0 { process } else { nil } } }

    /// Where a launcher comes from.
    enum Origin {
        /// It is executed, as the calling thread's child.
        case program(String)
        /// It is forked, as the child of the zygote's thread.
        case zygote(LauncherZygote)
    }

    /// Starts it; the descriptors it gets later follow stdin, stdout, stderr and the socket.
    init(_ origin: Origin) throws(GloveboxError) {
        do throws(SyscallError) {
            let (mine, theirs) = try Descriptor.socketPair()
            let (out, error) = (try Descriptor.pipe(), try Descriptor.pipe())
            try out.read.setNonBlocking()
            try error.read.setNonBlocking()
            let given = [out.write, error.write, theirs]
            switch origin {
            case .program(let path):
                let null = try Descriptor.open("/dev/null", O_RDONLY)
                let started = try LaunchedProcess.start(
                    path,
                    arguments: ["glovebox-jail"],
                    descriptors: [null] + given
                )
                process = Mutex(.ours(started))
            case .zygote(let zygote):
                try zygote.launch(given)
                process = Mutex(.untold)
            }
            control = mine
            streams = [out.read, error.read]
        } catch {
            let hint = "The launcher glovebox-jail must stand beside the program that starts it."
            throw error.coded("jail.launcher", hint: error.call == "posix_spawn" ? hint : nil)
        }
    }

    /// Lets it give birth to the jail's first process, in that control group of version 2 where there is one, and in that
    /// network namespace where the birth speaks of one; false when the ids that the birth grants cannot be had, and the
    /// launcher waits for another.
    func bear(_ birth: JailBirth, in birthplace: Descriptor?, _ network: Descriptor?) throws(GloveboxError) -> Bool {
        let packet = [JailMessage.birth] + birth.encoded
        let network = birth.options.contains(.network) ? network : nil
        do throws(SyscallError) { try send(packet, [birthplace, network].compactMap(\.self)) } catch {
            throw error.coded("jail.launcher")
        }
        try meet()
        return birth.options.contains(.granted) ? try awaitBirth() : true
    }

    /// Waits for what the host's helpers did.
    private func awaitBirth() throws(GloveboxError) -> Bool {
        let (packet, descriptors) = try receive(within: Self.helpersPatience, "the launcher gave birth to no jail")
        switch packet.first {
        case JailMessage.born where packet.count == 1:
            awaited.withLock { $0 = Born(descriptors, hasNetwork: false) }
            return true
        case JailMessage.unmapped where packet.count == 1: return false
        case JailMessage.failed where packet.count == 9:
            func word(_ offset: Int) -> UInt32 {
                packet[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
            }
            throw JailFaultText.error(step: word(1), errno: Int32(bitPattern: word(5)), steps: [])
        default: throw GloveboxError("jail.launcher", "the launcher sent something it should not")
        }
    }

    /// Takes one message, which must come within so many milliseconds.
    private func receive(
        within patience: Int32,
        _ failure: String
    ) throws(GloveboxError) -> (packet: [UInt8], descriptors: [Descriptor]) {
        var polled = [pollfd(fd: control.raw, events: Int16(POLLIN), revents: 0)]
        guard unsafe poll(&polled, 1, patience) > 0 else { throw GloveboxError("jail.launcher", failure) }
        var packet = [UInt8](repeating: 0, count: 16)
        var numbers = [Int32](repeating: -1, count: 16)
        var count: Int32 = 0
        let length = unsafe glx_receive(control.raw, &packet, packet.count, &numbers, &count)
        let descriptors = numbers[0..<Int(count)].map { Descriptor(owning: $0) }
        guard length > 0 else { throw GloveboxError("jail.launcher", failure) }
        return (Array(packet.prefix(Int(length))), descriptors)
    }

    /// Takes the word of a launcher out of a zygote who it is, and that of the kernel that it is our child.
    private func meet() throws(GloveboxError) {
        try process.withLock { process throws(GloveboxError) in
            guard case .untold = process else { return }
            let (packet, descriptors) = try receive(within: Self.patience, Self.unmet)
            guard packet == [JailMessage.launched], descriptors.count == 1 else {
                throw GloveboxError("jail.launcher", Self.unmet)
            }
            let forked = ForeignProcess(descriptors[0])
            guard forked.isChild else { throw GloveboxError("jail.launcher", Self.unmet) }
            process = .forked(forked)
        }
    }

    /// Milliseconds that a zygote has to fork and its launcher to speak.
    private static let patience: Int32 = 2000

    /// Milliseconds that the launcher has to give birth under ids that the host's helpers map, each of which it grants 3000.
    private static let helpersPatience: Int32 = 10_000

    private static let unmet = "the zygote did not fork a launcher"

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
    func kill() { if !isWaitedFor.load(ordering: .relaxed) { process.withLock { $0 }.kill() } }

    /// Ends it and waits, when it is not wanted or what it was for has failed.
    func discard() {
        kill()
        do { try wait() } catch {}  // it was not ours to wait for, so there is nothing left of it
    }

    /// Waits for its end, once.
    func wait() throws(GloveboxError) {
        guard !isWaitedFor.load(ordering: .relaxed) else { return }
        do { try process.withLock { $0 }.wait() } catch { throw error.coded("jail.launcher") }
        isWaitedFor.store(true, ordering: .relaxed)
    }
}
