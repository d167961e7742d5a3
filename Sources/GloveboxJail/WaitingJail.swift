internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// A jail that waits for its plan: its first process is born in its namespaces and in its control groups, which have no
/// limits yet.
///
/// It knows nothing of a job, so one can be kept ready; it serves one job and no other after it.
struct WaitingJail: Sendable {
    let launcher: JailLauncher
    /// Under which ids of the host it runs.
    let identity: JailIdentity
    /// Whether it has left the mounts of the host, so that no step of its plan may name a path of the host.
    let hasLeftHost: Bool
    /// The control groups; nil where none can be made.
    let group: ControlGroup?
    /// Device nodes of its own; nil where they are made on demand or cannot be made.
    let devices: Descriptor?

    /// Lets a launcher give birth, which starts up while the host's groups are read and ours made; `showsHost` when its
    /// plan will name paths of the host.
    ///
    /// - Throws: `jail.launcher`, `jail.control-group`.
    init(
        _ launcher: JailLauncher,
        _ layout: ControlGroupLayout? = nil,
        spares: SpareControlGroups? = nil,
        showsHost: Bool
    ) throws(GloveboxError) {
        self.launcher = launcher
        identity = .drawn()
        devices = Self.makeDevices()
        // Without device nodes of its own a jail is shown the host's.
        hasLeftHost = !showsHost && devices != nil
        let birth = identity.birth(leavesHost: hasLeftHost)
        do throws(GloveboxError) { group = try Self.bear(launcher, birth, layout ?? .host, spares) } catch {
            launcher.discard()
            throw error
        }
    }

    /// Takes over one that another process has started.
    init(_ lent: LentJail) {
        launcher = lent.launcher
        identity = lent.identity
        hasLeftHost = false
        group = lent.group
        devices = nil
    }

    private static func bear(
        _ launcher: JailLauncher,
        _ birth: JailBirth,
        _ layout: ControlGroupLayout,
        _ spares: SpareControlGroups?
    ) throws(GloveboxError) -> ControlGroup? {
        guard layout.kind != .none else {
            try launcher.bear(birth, in: nil)
            return nil
        }
        let group: ControlGroup
        do { group = try ControlGroup.make(in: layout, from: spares) } catch { throw error.coded("jail.control-group") }
        do throws(GloveboxError) {
            let birthplace: Descriptor?
            do { birthplace = try group.birthplace() } catch { throw error.coded("jail.control-group") }
            try launcher.bear(birth, in: birthplace)
        } catch {
            group.remove()
            throw error
        }
        return group
    }

    /// Device nodes of a jail's own; nil where the host does not let us make them.
    static func makeDevices() -> Descriptor? {
        guard Kernel.isHostRoot else { return nil }
        do { return try DetachedMount.devices() } catch { return nil }  // the protections tell
    }

    /// Takes it away unused.
    func discard() {
        launcher.discard()
        group?.remove()
    }
}
