internal import CGloveboxLinux
internal import Glibc
package import GloveboxCore
package import GloveboxLinux
internal import GloveboxPlan

/// Builds one jail, runs one command in it, and takes what it left.
///
/// ``run(_:hooks:)`` blocks, and must stay on one thread that lives as long: the kernel kills a launcher when the thread
/// that started it ends.
package struct JailRun {
    /// What the caller does while a jail is built and runs.
    ///
    /// Each is called on the thread of ``run(_:hooks:)``.
    package struct Hooks {
        /// Looks at what will protect the jail, before anything is staged; throwing stops it.
        package var protect: (JailProtections) throws(GloveboxError) -> Void = { _ throws(GloveboxError) in }
        /// Fills the staged directories, in order; the identity is the one to write under.
        package var stage: ([Descriptor], FileIdentity) throws(GloveboxError) -> Void = { _, _ throws(GloveboxError) in
        }
        /// Looks at the jail as the kernel describes it, before the first instruction; throwing stops it.
        package var start: (JailReadback, JailProtections) throws(GloveboxError) -> Void = {
            _,
            _ throws(GloveboxError) in
        }
        /// Takes what the program writes; the flag is true for stderr.
        ///
        /// Called only up to the stream limit.
        package var output: ([UInt8], Bool) -> Void = { _, _ in }
        /// Whether ``output`` can take more now; while it cannot, what the program writes waits with the program.
        package var hasRoom: () -> Bool = { true }
        /// Becomes readable when the run shall be cancelled.
        package var cancel: Descriptor?

        /// Hooks that do nothing.
        package init() {}
    }

    private enum Source {
        case reserve(JailReserve)
        case launcher(String, ControlGroupLayout?)
        case lender(any JailLender)
        case host(any JailHost)
    }

    private let source: Source
    /// Path of `glovebox-jail`.
    private let launcher: String

    /// A runner that starts the launcher at that path for each run, with control groups as this host has them or as told.
    package init(launcher: String, layout: ControlGroupLayout? = nil) {
        source = .launcher(launcher, layout)
        self.launcher = launcher
    }

    /// A runner that takes its jails out of a reserve.
    package init(reserve: JailReserve) {
        source = .reserve(reserve)
        launcher = reserve.launcher
    }

    /// A runner whose jails another process starts.
    package init(lender: any JailLender) {
        source = .lender(lender)
        launcher = lender.launcher
    }

    /// A runner whose jails another machine builds and runs.
    package init(host: any JailHost) {
        source = .host(host)
        launcher = ""
    }

    /// Runs to the end.
    ///
    /// - Throws: `worker.lost` when the process is gone that started the jail; `jail.*` when the jail could not be built as asked; how the program ended is in the result.
    package func run(_ specification: JailSpecification, hooks: Hooks = Hooks()) throws(GloveboxError) -> JailResult {
        if case .host(let host) = source { return try host.run(specification, hooks) }
        guard let fixed = specification.deterministic else { return try build(specification, hooks) }
        let shim = try FixedShim(beside: launcher)
        var result = try build(shim.added(to: specification, fixed), shim.filling(hooks))
        result.deterministic = Deterministic.Account(fixed: fixed, shim: shim.digest)
        return result
    }

    /// Uses another jail when the first was gone before it was given anything of the job, once.
    private func build(_ specification: JailSpecification, _ hooks: Hooks) throws(GloveboxError) -> JailResult {
        do { return try attempt(specification, hooks) } catch {
            guard error.code == "jail.lost" else { throw error }
            return try attempt(specification, hooks)
        }
    }

    private func attempt(_ specification: JailSpecification, _ hooks: Hooks) throws(GloveboxError) -> JailResult {
        let jail = try waitingJail(specification)
        var remains = JailReserve.Remains(group: jail.group)
        defer { clear(remains) }
        let result: JailResult
        do { result = try run(specification, jail, &remains, hooks) } catch {
            jail.launcher.discard()
            try requireLender()
            throw error
        }
        // The kernel kills a jail with the process that started it.
        if result.end == .signalled(SIGKILL) { try requireLender() }
        return result
    }

    private func requireLender() throws(GloveboxError) {
        if case .lender(let lender) = source, lender.isGone { throw LentJail.lost }
    }

    private func clear(_ remains: JailReserve.Remains) {
        if case .reserve(let reserve) = source { return reserve.clear(remains) }
        remains.clear()
        ControlGroupLayout.sweep()
    }

    private func run(
        _ specification: JailSpecification,
        _ jail: WaitingJail,
        _ remains: inout JailReserve.Remains,
        _ hooks: Hooks
    ) throws(GloveboxError) -> JailResult {
        let (builder, protections) = try plan(specification, jail, &remains)
        try hooks.protect(protections)
        let session = try JailSession(
            jail,
            builder: builder,
            group: remains.group,
            protections: protections,
            specification: specification
        )
        defer { (remains.namespace, remains.network) = (session.namespace, session.formerNetwork) }
        remains.launcher = jail.launcher
        return try session.run(hooks) { if case .reserve(let reserve) = source { reserve.refill() } }
    }

    /// Whether this host can protect such a jail as the specification demands; nothing runs.
    ///
    /// - Throws: `jail.protection`, and `jail.*` when the jail cannot be made at all.
    package func checkProtections(of specification: JailSpecification) throws(GloveboxError) {
        guard !specification.required.isEmpty else { return }
        _ = try protections(of: specification)
    }

    /// What protects such a jail on this host, as far as it is known before one stands; nothing runs.
    ///
    /// - Throws: as ``checkProtections(of:)``.
    package func protections(of specification: JailSpecification) throws(GloveboxError) -> JailProtections {
        let jail = try waitingJail(specification)
        var remains = JailReserve.Remains(group: jail.group)
        defer {
            jail.launcher.discard()
            clear(remains)
        }
        return try plan(specification, jail, &remains).1
    }

    /// Limits a jail and plans what it becomes.
    private func plan(
        _ specification: JailSpecification,
        _ jail: WaitingJail,
        _ remains: inout JailReserve.Remains
    ) throws(GloveboxError) -> (JailPlanBuilder, JailProtections) {
        var protections = JailProtections()
        try limit(&remains.group, specification.limits, &protections)
        let builder = try JailPlanBuilder(
            specification,
            privileged: Kernel.isHostRoot,
            identity: jail.identity,
            group: remains.group,
            devices: jail.devices,
            protections: &protections
        )
        try protections.require(specification.required, isBuilt: false)
        return (builder, protections)
    }

    private func waitingJail(_ specification: JailSpecification) throws(GloveboxError) -> WaitingJail {
        let showsHost = specification.showsHost(privileged: Kernel.isHostRoot)
        return switch source {
        case .launcher(let path, let layout):
            try WaitingJail(JailLauncher(.program(path)), layout, showsHost: showsHost)
        case .reserve(let reserve): try reserve.take(showsHost: showsHost)
        case .lender(let lender): WaitingJail(try lender.lend())
        case .host: throw GloveboxError("internal", "a jail of another machine is not built here")
        }
    }

    private func limit(
        _ group: inout ControlGroup?,
        _ limits: JailLimits,
        _ protections: inout JailProtections
    ) throws(GloveboxError) {
        guard group != nil else {
            let reason =
                "no control group is writable here: memory is limited per process (RLIMIT_AS), processes by user"
            protections.note("control-groups", false, else: reason)
            return
        }
        do {
            try group?.set(
                ControlGroupLimits(
                    memory: limits.memory,
                    processes: limits.processes + 1,  // the jail's init
                    milliCPUs: limits.milliCPUs,
                    diskRate: limits.diskRate > 0 ? limits.diskRate : nil,
                    countsProcessorTime: limits.cpuSeconds > 0
                )
            )
        } catch { throw error.coded("jail.control-group") }
        guard let group else { return }
        protections.note("control-groups-\(group.kind.rawValue)", true, else: "")
        protections.note("cpuset", group.isPinned, else: "this host does not pass the cpuset controller on")
        if limits.cpuSeconds > 0 {
            protections.note(
                "processor-time",
                group.countsProcessorTime,
                else: "this host counts no group's processor time: it is limited for each process, not for all together"
            )
        }
        if limits.diskRate > 0 {
            protections.note("disk-rate", group.canLimitDisks, else: "this host does not pass the io controller on")
        }
    }
}
