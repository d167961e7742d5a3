internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// Under which ids of the host a jail runs; drawn when it is born.
struct JailIdentity: Sendable, Equatable {
    /// The first of two ids that no one else has; nil where init and workload both have the caller's own.
    let base: UInt32?

    /// The workload's id in the jail.
    static let workload: UInt32 = 1000

    /// Draws one, far above any account, so that no two jails share a host user.
    static func drawn() -> Self {
        JailIdentity(base: Kernel.isHostRoot ? 0x7000_0000 + UInt32.random(in: 0..<1 << 26) * 2 : nil)
    }

    /// Who may write into staged directories.
    var files: FileIdentity { FileIdentity(id: base.map { $0 + 1 }) }

    /// What the launcher is told; `leavesHost` when no step of the plan will name a path of the host.
    func birth(leavesHost: Bool) -> JailBirth {
        var birth = JailBirth()
        if leavesHost { birth.options.insert(.leavesHost) }
        guard let base else {
            birth.initID = Self.workload
            birth.uidMap = Array("\(Self.workload) \(getuid()) 1\n".utf8)
            birth.gidMap = Array("\(Self.workload) \(getgid()) 1\n".utf8)
            return birth
        }
        birth.options.insert(.privileged)
        birth.uidMap = Array("0 \(base) 1\n\(Self.workload) \(base + 1) 1\n".utf8)
        birth.gidMap = birth.uidMap
        return birth
    }
}
