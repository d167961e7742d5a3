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
    /// plan will name paths of the host, and `isLent` when another process will use it.
    ///
    /// `network` is the network namespace of a jail that is over.
    ///
    /// - Throws: `jail.launcher`, `jail.control-group`.
    init(
        _ launcher: JailLauncher,
        _ layout: ControlGroupLayout? = nil,
        spares: SpareControlGroups? = nil,
        network: Descriptor? = nil,
        showsHost: Bool,
        isLent: Bool = false
    ) throws(GloveboxError) {
        self.launcher = launcher
        devices = Self.makeDevices()
        // Without device nodes of its own a jail is shown the host's.
        hasLeftHost = !showsHost && devices != nil
        let layout = layout ?? .host
        let drawn = isLent && !Kernel.isHostRoot ? .own : JailIdentity.drawn(in: layout.kind)
        do throws(GloveboxError) {
            group = try Self.makeGroup(in: layout, spares)
            do throws(GloveboxError) {
                identity = try Self.bear(launcher, drawn, leavesHost: hasLeftHost, group, network)
            } catch {
                group?.remove()
                throw error
            }
        } catch {
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

    private static func makeGroup(
        in layout: ControlGroupLayout,
        _ spares: SpareControlGroups?
    ) throws(GloveboxError) -> ControlGroup? {
        guard layout.kind != .none else { return nil }
        do { return try ControlGroup.make(in: layout, from: spares) } catch { throw error.coded("jail.control-group") }
    }

    /// The ids under which it is born: those that were drawn, or ours where the host does not map them.
    private static func bear(
        _ launcher: JailLauncher,
        _ drawn: JailIdentity,
        leavesHost: Bool,
        _ group: ControlGroup?,
        _ network: Descriptor?
    ) throws(GloveboxError) -> JailIdentity {
        let birthplace: Descriptor?
        do { birthplace = try group?.birthplace() } catch { throw error.coded("jail.control-group") }
        let birth = drawn.birth(leavesHost: leavesHost, hasNetwork: network != nil)
        if try launcher.bear(birth, in: birthplace, network) { return drawn }
        _ = try launcher.bear(JailIdentity.own.birth(leavesHost: leavesHost), in: birthplace, nil)
        return .own
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
