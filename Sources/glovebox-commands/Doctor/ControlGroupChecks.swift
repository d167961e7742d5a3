import Glibc
import GloveboxLinux

/// Whether jails can be limited as a whole here.
enum ControlGroupChecks {
    /// Both of them.
    static func all() -> [Check] {
        let layout = ControlGroupLayout.host
        return [groups(layout), swap(layout)]
    }

    private static let needed = ["memory", "pids", "cpu"]

    private static func groups(_ layout: ControlGroupLayout) -> Check {
        let id = "control-group-layout"
        switch layout.kind {
        case .v2: return .ok(id, "version 2: memory, processes and processors are limited for the jail as a whole")
        case .v1: return .ok(id, "version 1: limits for the jail as a whole; killed by freezing first")
        case .hybrid: return .ok(id, "hybrid: limits by version 1, killing by version 2")
        case .none: return none(id)
        }
    }

    private static func none(_ id: String) -> Check {
        let reason = Kernel.isHostRoot ? "none is writable" : "none is writable for this user"
        let lacking = missing()
        let lacks = lacking.isEmpty ? "" : "; not passed on to this group: " + lacking.joined(separator: ", ")
        let service = "Delegate=yes in the service's unit"
        let hint =
            Kernel.isHostRoot
            ? "Mount /sys/fs/cgroup writable, or give \(service)."
            : "Start it as systemd-run --user --scope -p Delegate=yes -- glovebox …, or give \(service)."
        let detail = "\(reason)\(lacks): memory is limited for each process alone (RLIMIT_AS), processes by user"
        return .warn(id, detail, hint)
    }

    /// Controllers that do not reach the version 2 group this process stands in; all of them where there is no such tree.
    private static func missing() -> [String] {
        let own = (HostText.read("/proc/self/cgroup") ?? "").split(separator: "\n").first { $0.hasPrefix("0::") }
        guard let own, HostText.has("/sys/fs/cgroup/cgroup.controllers") else { return [] }
        let path = "/sys/fs/cgroup" + own.dropFirst(3) + "/cgroup.controllers"
        let passed = (HostText.read(path) ?? "").split(separator: " ").map(String.init)
        return needed.filter { !passed.contains($0) }
    }

    private static func swap(_ layout: ControlGroupLayout) -> Check {
        let id = "swap"
        let devices = (HostText.read("/proc/swaps") ?? "").split(separator: "\n").dropFirst()
        if devices.isEmpty { return .ok(id, "this host has no swap, so no job's memory reaches a disk") }
        let counted =
            switch layout.kind {
            case .v2: layout.parents.values.contains { HostText.has($0 + "/memory.swap.max") }
            case .v1, .hybrid:
                layout.parents["memory"].map { HostText.has($0 + "/memory.memsw.limit_in_bytes") } ?? false
            case .none: false
            }
        if counted { return .ok(id, "the host's swap is closed to jails") }
        let hint = "Boot with swapaccount=1, or encrypt swap, or switch it off: swapoff -a"
        return .warn(id, "swap cannot be limited here: a job's memory may reach the disk", hint)
    }
}
