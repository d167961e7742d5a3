internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// One jail's life, from the launcher's start to its end: an event loop over the control socket, the two streams, and
/// the listener for refused calls.
final class JailSession {
    private let builder: JailPlanBuilder
    private let group: ControlGroup?
    private let limits: JailLimits
    private var protections: JailProtections
    private let required: [String]
    private let launcher: JailLauncher
    private let identity: JailIdentity
    private let birth: JailBirth
    /// The jail's first process: when it has ended, every other in the jail has.
    private var process: Descriptor?
    private var streams: [Descriptor?]
    private var listener: Descriptor?
    private var denials: DenialTable
    private var output: Descriptor?
    /// The jail's mount namespace, which the kernel takes apart when this is closed.
    private(set) var namespace: Descriptor?
    /// The jail's network namespace, once the last process in it has ended; nil but under root.
    var formerNetwork: Descriptor? { isOver ? network : nil }
    private var network: Descriptor?
    private var isOver = false
    private var readback = JailReadback()
    private var started: UInt64?
    private var ended: Ended?
    private var expired = false
    private var clock: ProcessorClock?
    private var isStaged = false
    private var cancelled = false
    private var executeError: Int32?
    private var written: (out: UInt64, error: UInt64) = (0, 0)
    private var onStart: () -> Void = {}
    private var packet = [UInt8](repeating: 0, count: 65536)

    private struct Ended {
        let status: Int32
        let cpu: UInt64
        let memory: UInt64
        let at: UInt64
    }

    /// Takes over a launcher and gives it its plan.
    init(
        _ jail: WaitingJail,
        builder: JailPlanBuilder,
        group: ControlGroup?,
        protections: JailProtections,
        specification: JailSpecification
    ) throws(GloveboxError) {
        launcher = jail.launcher
        identity = jail.identity
        birth = identity.birth(leavesHost: jail.hasLeftHost)
        self.builder = builder
        self.group = group
        self.protections = protections
        limits = specification.limits
        required = specification.required
        denials = DenialTable(profile: specification.profile)
        streams = launcher.streams
        if let born = launcher.born { take(born) }
        try launcher.send(builder)
        // While the launcher builds the jail: nothing but this process sets them.
        readback.controlGroup = group?.limitsInForce
    }

    /// Runs to the end; `started` is called when the program has been let go.
    func run(_ hooks: JailRun.Hooks, started: @escaping () -> Void) throws(GloveboxError) -> JailResult {
        onStart = started
        try loop(hooks)
        while drain(0, hooks) || drain(1, hooks) {}
        return try result()
    }

    private func loop(_ hooks: JailRun.Hooks) throws(GloveboxError) {
        while true {
            var polled: [pollfd] = []
            func add(_ descriptor: Descriptor?) {
                polled.append(pollfd(fd: descriptor?.raw ?? -1, events: Int16(POLLIN), revents: 0))
            }
            add(launcher.control)
            let hasRoom = hooks.hasRoom()
            add(hasRoom ? streams[0] : nil)
            add(hasRoom ? streams[1] : nil)
            let pause = denials.pause
            add(pause > 0 ? nil : listener)
            add(cancelled ? nil : hooks.cancel)
            add(isOver ? nil : process)
            let waits = [pause > 0 ? pause : nil, hasRoom ? nil : Self.roomPause, ended == nil ? clock?.pause() : nil]
                .compactMap { $0 }
            if clock?.hasRunOut == true, !cancelled { launcher.kill() }  // its death ends its jail
            let ready = unsafe poll(&polled, UInt(polled.count), isOver ? 0 : waits.min() ?? -1)
            if ready < 0 {
                if errno == EINTR { continue }
                throw SyscallError("poll", errno).coded("jail.launcher")
            }
            if polled[3].revents != 0, let listener {
                // A listener that only hangs up has no more callers; asking it would block for ever on Linux 6.1.
                let calls = polled[3].revents & Int16(POLLIN) != 0
                if !calls || !denials.take(from: listener.raw) { self.listener = nil }
            }
            for index in 0..<2 where polled[1 + index].revents != 0 { _ = drain(index, hooks) }
            if polled[4].revents != 0 {
                cancelled = true
                launcher.kill()  // the launcher's death ends its jail
            }
            if polled[0].revents != 0 {
                if try !receive(hooks) { return }
            } else if isOver {
                return
            }
            // What was said before the end may have come after the socket was looked at.
            if polled[5].revents != 0 { isOver = true }
        }
    }

    /// Reads one stream until it is empty for now; true when something came.
    private func drain(_ index: Int, _ hooks: JailRun.Hooks) -> Bool {
        guard let stream = streams[index] else { return false }
        do {
            let bytes = try stream.read(upTo: 65536)
            if bytes.isEmpty {
                streams[index] = nil
                return false
            }
            let (before, limit) = index == 0 ? (written.out, limits.outBytes) : (written.error, limits.errorBytes)
            if limit > before { hooks.output(Array(bytes.prefix(Int(clamping: limit - before))), index == 1) }
            if index == 0 { written.out += UInt64(bytes.count) } else { written.error += UInt64(bytes.count) }
            return true
        } catch  where error.errno == EAGAIN { return false } catch {
            streams[index] = nil
            return false
        }
    }

    /// Takes one message; false at the end of the launcher.
    private func receive(_ hooks: JailRun.Hooks) throws(GloveboxError) -> Bool {
        var numbers = [Int32](repeating: -1, count: 16)
        var count: Int32 = 0
        let length = unsafe glx_receive(launcher.control.raw, &packet, packet.count, &numbers, &count)
        let descriptors = numbers[0..<Int(count)].map { Descriptor(owning: $0) }
        if length == 0 || length == -ECONNRESET { return false }
        guard length > 0 else { throw SyscallError("recvmsg", -length).coded("jail.launcher") }
        let body = Array(packet[1..<Int(length)])
        switch packet[0] {
        case JailMessage.born:
            take(JailLauncher.Born(descriptors, hasNetwork: birth.options.contains(.privileged)))
        case JailMessage.staged:
            guard descriptors.count == builder.stagedCount + (builder.hasOutput ? 1 : 0) else { throw Self.unexpected }
            output = builder.hasOutput ? descriptors.last : nil
            isStaged = true
            if builder.stagedCount > 0 {
                try hooks.stage(Array(descriptors.prefix(builder.stagedCount)), identity.files)
                try send(JailMessage.filled)
            }
        case JailMessage.ready:
            let least = builder.plan.options.contains(.notify) ? 1 : 0
            let most = least + (builder.plan.options.contains(.showProgram) ? 1 : 0)
            guard readback.take(body), least...most ~= descriptors.count else { throw Self.unexpected }
            listener = descriptors.prefix(least).first
            readback.population = group?.population
            try readback.check(builder.plan, birth)
            try readback.checkNamespaces(of: builder.plan, network: network)
            try readback.checkLimits(limits)
            try readback.measureProgram(descriptors.dropFirst(least).first)
            noteInodes()
            try protections.require(required, isBuilt: true)
            try hooks.start(readback, protections)
            started = Self.now()
            denials.start()
            if let group { clock = ProcessorClock(group, limits) }
            try send(JailMessage.execute)
            onStart()
        case JailMessage.ended:
            let (cpu, overflow) = body.longWord(4).addingReportingOverflow(body.longWord(12))
            guard body.count == 28, !overflow else { throw Self.unexpected }
            ended = Ended(
                status: Int32(bitPattern: body.word(0)),
                cpu: cpu,
                memory: body.longWord(20),
                at: Self.now()
            )
        case JailMessage.expired: expired = true
        case JailMessage.failed: try failed(step: body.word(0), error: Int32(bitPattern: body.word(4)))
        default: throw Self.unexpected
        }
        return true
    }

    private func take(_ born: JailLauncher.Born) {
        (process, namespace, network) = (born.process, born.namespace, born.network)
    }

    /// Whether the kernel could give the jail inodes of its own for all that is shown of the host.
    private func noteInodes() {
        let shared = MountTable(builder.plan.steps).shared(in: readback.mounts).map(Display.escape)
        protections.note(
            "own-inodes",
            shared.isEmpty,
            else: "\(shared.joined(separator: ", ")) cannot be laid under an overlay here: sockets and FIFOs there "
                + "lead to the host, and locks and watches meet the host's"
        )
    }

    private func failed(step: UInt32, error: Int32) throws(GloveboxError) {
        if step == JailFault.execute.rawValue {
            executeError = error
            return
        }
        throw JailFaultText.error(step: step, errno: error, steps: builder.plan.steps)
    }

    /// Sends a message; a launcher that is gone has said why, and its words are still to be read.
    private func send(_ kind: UInt8) throws(GloveboxError) {
        let packet = [kind]
        let sent = unsafe glx_send(launcher.control.raw, packet, 1, nil, 0)
        if sent == -EPIPE || sent == -ECONNRESET { return }
        guard sent == 1 else { throw SyscallError("sendmsg", -sent).coded("jail.launcher") }
    }

    private func result() throws(GloveboxError) -> JailResult {
        let kills = group?.outOfMemoryKills ?? 0
        let processor = clock?.used ?? ended?.cpu ?? 0
        let peak = group?.peakMemory
        let end: JailResult.End
        if cancelled {
            end = .cancelled
        } else if let executeError {
            end = executeError == ENOENT || executeError == ENOTDIR ? .notFound : .notExecutable
        } else if expired {
            end = .wallClock
        } else if clock?.hasRunOut == true {
            end = .processorTime
        } else if let ended {
            end = try classify(ended.status, kills, processor)
        } else if kills > 0 {
            end = .memory
        } else if started != nil {
            end = .signalled(SIGKILL)
        } else {
            throw GloveboxError(
                isStaged ? "jail.launcher" : "jail.lost",
                "the launcher ended before the program was started"
            )
        }
        let finish = ended?.at ?? Self.now()
        return JailResult(
            end: end,
            cpuMicroseconds: processor,
            wallMilliseconds: started.map { finish - $0 } ?? 0,
            peakMemory: peak ?? ended?.memory ?? 0,
            peakMemoryOfGroup: peak != nil,
            denied: denials.list,
            processLimitHits: group?.processLimitHits ?? 0,
            suppressed: denials.suppressed,
            streamBytes: written,
            protections: protections,
            readback: readback,
            output: output
        )
    }

    /// The class of an end that came from inside: what a program does to itself, such as a signal that a limit would send,
    /// decides nothing beside the supervisor's own counts.
    private func classify(_ status: Int32, _ kills: UInt64, _ processor: UInt64) throws(GloveboxError) -> JailResult.End
    {
        let signal = status & 0x7f
        if status == 0 { return .exited(0) }
        if signal == SIGKILL {
            if kills > 0 { return .memory }
            let most = ProcessorClock.microseconds(limits)
            if limits.cpuSeconds > 0, processor >= most - min(most, Self.tick) { return .processorTime }
        }
        do {
            if let output, try DiskSpace.isFull(output) { return .outputLimit }
        } catch { throw error.coded("jail.output") }
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }

    /// Milliseconds until a full reader is asked again.
    private static let roomPause: Int32 = 20

    /// The kernel's limit for one process goes by its ticks, and its account need not agree to the last; in microseconds.
    private static let tick: UInt64 = 100_000

    private static let unexpected = GloveboxError("jail.launcher", "the launcher sent something it should not")

    private static func now() -> UInt64 { SystemClock.monotonicMilliseconds }
}

extension [UInt8] {
    /// A little-endian 32-bit number; zero beyond the end.
    fileprivate func word(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: number(offset, 4)) }

    fileprivate func longWord(_ offset: Int) -> UInt64 { number(offset, 8) }

    private func number(_ offset: Int, _ width: Int) -> UInt64 {
        guard offset + width <= count else { return 0 }
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(self[offset + index]) << UInt64(8 * index) }
        return value
    }
}
