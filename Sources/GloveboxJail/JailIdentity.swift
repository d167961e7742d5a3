internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// Under which ids of the host a jail runs; drawn when it is born.
struct JailIdentity: Sendable {
    /// The first of two ids that no one else has, under root.
    let base: UInt32?
    /// Those that the host grants the ordinary user who runs this; without them init and workload have the user's own.
    let granted: GrantedIDs?

    /// The two ids of a jail that root starts, or the caller's own.
    init(base: UInt32?) { (self.base, granted) = (base, nil) }

    private init(granted: GrantedIDs?) { (base, self.granted) = (nil, granted) }

    /// Draws one: far above any account, so that no two jails share a host user, or out of what the user is granted.
    ///
    /// A user's files of a control group of version 1 let only its own processes in.
    static func drawn(in kind: ControlGroupLayout.Kind) -> Self {
        if Kernel.isHostRoot { return JailIdentity(base: 0x7000_0000 + UInt32.random(in: 0..<1 << 26) * 2) }
        switch kind {
        case .v2, .none: return JailIdentity(granted: .drawn())
        case .v1, .hybrid: return .own
        }
    }

    /// One with the ids of who runs this.
    static let own = JailIdentity(base: nil)

    /// Whether nobody else has its ids.
    var isApart: Bool { base != nil || granted != nil }

    /// Who may write into staged directories.
    var files: FileIdentity { FileIdentity(id: base.map { $0 + 1 }) }

    /// What the launcher is told; `leavesHost` when no step of the plan will name a path of the host, `hasNetwork` when it
    /// is given a network namespace.
    func birth(leavesHost: Bool, hasNetwork: Bool = false) -> JailBirth {
        var birth = JailBirth()
        if base != nil, hasNetwork { birth.options.insert(.network) }
        if leavesHost { birth.options.insert(.leavesHost) }
        if let base {
            birth.options.insert(.privileged)
            birth.uidMap = Self.map(base)
            birth.gidMap = birth.uidMap
        } else if let granted {
            birth.options.insert(.granted)
            birth.uidMap = Self.map(granted.user) + Array("\(JailBirth.starter) \(getuid()) 1\n".utf8)
            birth.gidMap = Self.map(granted.group) + Array("\(JailBirth.starter) \(getgid()) 1\n".utf8)
        } else {
            birth.initID = JailBirth.workload
            birth.uidMap = Array("\(JailBirth.workload) \(getuid()) 1\n".utf8)
            birth.gidMap = Array("\(JailBirth.workload) \(getgid()) 1\n".utf8)
        }
        return birth
    }

    private static func map(_ base: UInt32) -> [UInt8] {
        Array("0 \(base) 1\n\(JailBirth.workload) \(base + 1) 1\n".utf8)
    }
}
