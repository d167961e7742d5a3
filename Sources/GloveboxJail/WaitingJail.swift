internal import GloveboxCore
internal import GloveboxLinux

/// A jail that waits for its plan: its first process is born in its namespaces and in its control groups, which have no
/// limits yet.
///
/// It knows nothing of a job, so one can be kept ready; it serves one job and no other after it.
struct WaitingJail: Sendable {
    let launcher: JailLauncher
    /// The control groups; nil where none can be made.
    let group: ControlGroup?
    /// Device nodes of its own, made ahead; nil where they are made on demand or cannot be made.
    private(set) var devices: Descriptor?

    /// Starts a launcher and lets it give birth.
    ///
    /// - Throws: `jail.launcher`, `jail.control-group`.
    init(_ path: String, _ layout: ControlGroupLayout?) throws(GloveboxError) {
        launcher = try JailLauncher(path)  // it starts up while the host's groups are read and ours made
        do throws(GloveboxError) { group = try Self.bear(launcher, layout ?? .host) } catch {
            launcher.discard()
            throw error
        }
    }

    /// Takes over one that another process has started.
    init(_ lent: LentJail) {
        launcher = lent.launcher
        group = lent.group
    }

    private static func bear(
        _ launcher: JailLauncher,
        _ layout: ControlGroupLayout
    ) throws(GloveboxError) -> ControlGroup? {
        guard layout.kind != .none else {
            try launcher.bear(in: nil)
            return nil
        }
        let group: ControlGroup
        do { group = try ControlGroup.make(in: layout) } catch { throw error.coded("jail.control-group") }
        do throws(GloveboxError) {
            let birthplace: Descriptor?
            do { birthplace = try group.birthplace() } catch { throw error.coded("jail.control-group") }
            try launcher.bear(in: birthplace)
        } catch {
            group.remove()
            throw error
        }
        return group
    }

    /// Makes ahead what most jails need.
    mutating func prepare() {
        guard Kernel.isHostRoot else { return }
        do { devices = try DetachedMount.devices() } catch {}  // tried again and told when a job wants them
    }

    /// Takes it away unused.
    func discard() {
        launcher.discard()
        group?.remove()
    }
}
