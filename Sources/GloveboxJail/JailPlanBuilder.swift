internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// Turns a specification into the launcher's plan and the descriptors that go with it.
struct JailPlanBuilder {
    /// The plan.
    private(set) var plan = JailPlan()
    /// Descriptors beside those that init has anyway, from ``firstDescriptor`` on.
    private(set) var descriptors: [Descriptor] = []
    /// Number of staged directories, before the output directory.
    let stagedCount: Int
    /// Whether an output directory is handed over last.
    let hasOutput: Bool
    /// Whether the jail can describe itself.
    let hasProcesses: Bool

    /// 0, 1, 2, control, the socket to the launcher, plan.
    static let firstDescriptor = 6

    init(
        _ specification: JailSpecification,
        privileged: Bool,
        identity: JailIdentity,
        group: ControlGroup?,
        devices: Descriptor?,
        protections: inout JailProtections
    ) throws(GloveboxError) {
        stagedCount = specification.staged.count
        hasOutput = specification.hasOutput
        if case .empty = specification.root { hasProcesses = false } else { hasProcesses = true }
        let root = try JailRoot(
            specification,
            privileged: privileged,
            devices: devices,
            firstDescriptor: Self.firstDescriptor
        )
        plan.steps = root.steps
        descriptors = root.mounts
        if privileged { plan.options.insert(.privileged) }
        plan.workloadID = JailBirth.workload
        plan.hostname = Array(specification.hostname.utf8)
        plan.directory = Array(specification.directory.utf8)
        plan.arguments = specification.arguments.map { Array($0.utf8) }
        plan.environment = specification.environment.sorted { $0.key < $1.key }.map {
            Array("\($0.key)=\($0.value)".utf8)
        }
        plan.filter = try specification.profile.compiled()
        if specification.profile.notifies { plan.options.insert(.notify) }
        plan.wallMilliseconds = specification.limits.wallMilliseconds
        plan.graceMilliseconds = specification.limits.graceMilliseconds
        if specification.deterministic != nil { plan.options.insert(.fixedAddresses) }
        if specification.measuresProgram { plan.options.insert(.showProgram) }
        plan.oomScore = 800
        plan.limits = Self.resourceLimits(specification.limits, group)
        plan.writable = root.writable
        try setProgram(specification)
        if let input = specification.input {
            plan.options.insert(.standardInput)
            plan.descriptors.append(hand(input))
        }
        for descriptor in specification.descriptors { plan.descriptors.append(hand(descriptor)) }
        try enter(group)
        if specification.isolatedCache {
            // The cache of a directory is the host's.
            let isImage =
                switch specification.root {
                case .image, .file: true
                case .directory, .empty: false
                }
            protections.note(
                "private-page-cache",
                isImage,
                else: "only an image can be read through a cache of its own"
            )
        }
        let seesHost = specification.profile.allowed.contains { $0.calls.contains("sysinfo") }
        protections.note(
            "host-counters",
            !seesHost,
            else: "sysinfo, which C libraries do not do without, tells the host's memory, load and number of processes"
        )
        note(identity, hasOwnDevices: root.hasOwnDevices || !hasProcesses, &protections)
    }

    private mutating func setProgram(_ specification: JailSpecification) throws(GloveboxError) {
        switch specification.program {
        case .descriptor(let file):
            plan.options.insert(.programByDescriptor)
            plan.programDescriptor = hand(file)
        case .command:
            guard let name = specification.arguments.first, !name.isEmpty else {
                throw GloveboxError("jail.command", "there is no command to run")
            }
            if name.utf8.contains(UInt8(ascii: "/")) {
                plan.programs = [Array(name.utf8)]
            } else {
                let path = specification.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
                plan.programs = path.split(separator: ":").map { Array("\($0)/\(name)".utf8) }
            }
        }
    }

    /// Gives the launcher one more descriptor; its number there.
    private mutating func hand(_ descriptor: Descriptor) -> UInt32 {
        descriptors.append(descriptor)
        return UInt32(Self.firstDescriptor + descriptors.count - 1)
    }

    private mutating func enter(_ group: ControlGroup?) throws(GloveboxError) {
        guard let group else { return }
        do { for task in try group.entrances() { plan.tasks.append(hand(task)) } } catch {
            throw error.coded("jail.control-group")
        }
    }

    private static func resourceLimits(_ limits: JailLimits, _ group: ControlGroup?) -> [JailPlan.Limit] {
        var list: [(UInt32, UInt64)] = [
            // RLIMIT_CORE. Less than any core file has, as 0 is; but 0 is passed over where cores are piped to a program of the
            // host, and 1 stops the kernel there too (fs/coredump.c).
            (4, 1),
            (7, limits.openFiles),  // RLIMIT_NOFILE
            (3, limits.stackBytes),  // RLIMIT_STACK
            (1, max(limits.scratchBytes, limits.outputBytes)),  // RLIMIT_FSIZE
            (8, 64 << 10),  // RLIMIT_MEMLOCK
            (12, 819_200),  // RLIMIT_MSGQUEUE
            (11, 1024),  // RLIMIT_SIGPENDING
            (13, 0),  // RLIMIT_NICE
            (14, 0),  // RLIMIT_RTPRIO
            (6, limits.processes),  // RLIMIT_NPROC
        ]
        if limits.cpuSeconds > 0 {
            // RLIMIT_CPU of one process; a second later than the supervisor, where that counts for all.
            list.append((0, limits.cpuSeconds + (group?.countsProcessorTime == true ? 1 : 0)))
        }
        if group == nil { list.append((9, limits.memory)) }  // RLIMIT_AS
        return list.map { JailPlan.Limit(resource: $0.0, value: $0.1) }
    }

    private mutating func note(
        _ identity: JailIdentity,
        hasOwnDevices: Bool,
        _ protections: inout JailProtections
    ) {
        let timeNamespace = Kernel.hasTimeNamespaces
        if timeNamespace { plan.options.insert(.timeNamespace) }
        for name in [
            "user-namespace", "mount-namespace", "pid-namespace", "network-namespace", "ipc-namespace", "uts-namespace",
            "cgroup-namespace", "seccomp", "no-new-privileges", "capabilities-empty", "securebits", "rlimits",
        ] { protections.note(name, true, else: "") }
        protections.note("time-namespace", timeNamespace, else: "the kernel has no time namespaces")
        protections.note(
            "unique-ids",
            identity.isApart,
            else: "without root, and without a range of ids that newuidmap and newgidmap map here, "
                + "the job runs under one id that is the operator's own outside"
        )
        protections.note(
            "private-devices",
            hasOwnDevices,
            else: "device nodes of one's own need root: locks and watches on /dev/null and its like are seen by others"
        )
        protections.note(
            "groups-empty",
            identity.isApart,
            else: "without root, and without a range of ids, the supplementary groups stay"
        )
        let landlock = Kernel.landlockVersion
        if landlock > 0 { plan.options.insert(.landlock) }
        protections.note("landlock", landlock > 0, else: "the kernel has no Landlock, or it is not switched on")
    }
}
