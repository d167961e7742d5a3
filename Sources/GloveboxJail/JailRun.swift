internal import CGloveboxLinux
internal import Glibc
package import GloveboxCore
package import GloveboxLinux
internal import GloveboxPlan

/// Builds one jail, runs one command in it, and takes what it left.
///
/// ``run(_:hooks:)`` blocks, and must stay on one thread that lives as long: the launcher is killed by the kernel when
/// the thread that started it ends.
package struct JailRun {
    /// What the caller does while a jail is built and runs.
    ///
    /// Each is called on the thread of ``run(_:hooks:)``.
    package struct Hooks {
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
        /// Becomes readable when the run shall be cancelled.
        package var cancel: Descriptor?

        /// Hooks that do nothing.
        package init() {}
    }

    /// Path of `glovebox-jail`.
    private let launcher: String
    private let layout: ControlGroupLayout

    /// A runner that uses the launcher at that path.
    package init(launcher: String, layout: ControlGroupLayout = .host) {
        self.launcher = launcher
        self.layout = layout
    }

    /// Runs to the end.
    ///
    /// - Throws: `jail.*` when the jail could not be built as asked; how the program ended is in the result.
    package func run(_ specification: JailSpecification, hooks: Hooks = Hooks()) throws(GloveboxError) -> JailResult {
        guard let fixed = specification.deterministic else { return try build(specification, hooks) }
        let shim = try FixedShim(beside: launcher)
        var result = try build(shim.added(to: specification, fixed), shim.filling(hooks))
        result.deterministic = Deterministic.Account(fixed: fixed, shim: shim.digest)
        return result
    }

    private func build(_ specification: JailSpecification, _ hooks: Hooks) throws(GloveboxError) -> JailResult {
        let launcher = try JailLauncher(launcher)
        do { return try run(specification, launcher, hooks) } catch {
            launcher.kill()
            do { try launcher.wait() } catch {}  // the first error is the one to tell
            throw error
        }
    }

    private func run(
        _ specification: JailSpecification,
        _ launcher: JailLauncher,
        _ hooks: Hooks
    ) throws(GloveboxError) -> JailResult {
        let privileged = geteuid() == 0
        var protections = JailProtections()
        let group = try makeGroup(specification.limits, &protections)
        defer { group?.remove() }
        let builder = try JailPlanBuilder(
            specification,
            privileged: privileged,
            group: group,
            protections: &protections
        )
        let session = try JailSession(
            launcher,
            builder: builder,
            group: group,
            protections: protections,
            limits: specification.limits,
            profile: specification.profile
        )
        return try session.run(hooks)
    }

    private func makeGroup(
        _ limits: JailLimits,
        _ protections: inout JailProtections
    ) throws(GloveboxError) -> ControlGroup? {
        guard layout.kind != .none else {
            let reason =
                "no control group is writable here: memory is limited per process (RLIMIT_AS), processes by user"
            protections.note("control-groups", false, else: reason)
            return nil
        }
        let wanted = ControlGroupLimits(
            memory: limits.memory,
            processes: limits.processes + 1,  // the jail's init
            milliCPUs: limits.milliCPUs
        )
        do {
            let group = try ControlGroup.make(in: layout, limits: wanted)
            protections.note("control-groups-\(layout.kind.rawValue)", true, else: "")
            protections.note("cpuset", group.isPinned, else: "this host does not pass the cpuset controller on")
            return group
        } catch { throw error.coded("jail.control-group") }
    }
}
