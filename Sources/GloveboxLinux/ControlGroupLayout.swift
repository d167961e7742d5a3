internal import CGloveboxLinux
internal import Glibc

/// Where this process may make control groups.
///
/// Source: cgroups(7); `/proc/self/cgroup` and `/proc/self/mountinfo` of proc(5).
package struct ControlGroupLayout: Sendable {
    /// How the host keeps its controllers.
    package enum Kind: String, Sendable {
        /// One tree with every controller.
        case v2
        /// A tree for each controller.
        case v1
        /// A tree for each controller, and the one tree for identity and for killing.
        case hybrid
        case none
    }

    /// The kind that can limit here.
    package let kind: Kind
    /// Directories below which groups are made, by controller; `unified` is the tree of version 2.
    package let parents: [String: String]

    /// Name of the version 2 tree among ``parents``.
    static let unified = "unified"
    /// The controllers without which there are no limits, and those that are used where they are.
    static let needed = ["memory", "pids", "cpu"]
    private static let wanted = needed + ["cpuset", "cpuacct", "freezer", "blkio"]

    /// The layout of this host, read once; groups that dead supervisors left are removed then.
    package static let host: ControlGroupLayout = {
        let layout = current()
        ControlGroup.sweep(layout)
        return layout
    }()

    /// Reads the layout of this host; never fails, but may find `none`.
    package static func current() -> ControlGroupLayout {
        guard let groups = text("/proc/self/cgroup"), let mounts = text("/proc/self/mountinfo") else {
            return ControlGroupLayout(kind: .none, parents: [:])
        }
        let own = Self.own(groups)
        var controllers: [String: String] = [:]
        var tree: (mount: String, own: String)?
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3, fields[3] == "/" else { continue }
            let mount = fields[4]
            switch fields[dash + 1] {
            case "cgroup2": if let path = own[unified] { tree = (mount, path) }
            case "cgroup":
                for controller in fields[dash + 3].split(separator: ",").map(String.init)
                where wanted.contains(controller) {
                    if let path = own[controller] { controllers[controller] = join(mount, path) }
                }
            default: break
            }
        }
        if let tree, let parent = delegated(mount: tree.mount, own: tree.own) {
            return ControlGroupLayout(kind: .v2, parents: [unified: parent])
        }
        var usable = controllers.filter { isWritable($0.value) }
        guard needed.allSatisfy({ usable[$0] != nil }) else {
            return ControlGroupLayout(kind: .none, parents: [:])
        }
        guard let tree, isWritable(join(tree.mount, tree.own)) else {
            return ControlGroupLayout(kind: .v1, parents: usable)
        }
        usable["freezer"] = nil  // the one tree kills better
        usable["cpuacct"] = nil  // and counts too
        usable[unified] = join(tree.mount, tree.own)
        return ControlGroupLayout(kind: .hybrid, parents: usable)
    }

    /// The group this process stands in, by controller.
    private static func own(_ groups: String) -> [String: String] {
        var own: [String: String] = [:]
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                own[controller.isEmpty ? unified : String(controller)] = String(parts[2])
            }
        }
        return own
    }

    /// The nearest group, ours or above, that passes the controllers on and lets us make a group in it.
    private static func delegated(mount: String, own: String) -> String? {
        var path = own
        while true {
            let directory = join(mount, path)
            if isWritable(directory), passesOn(directory) || path == own && vacate(directory) { return directory }
            guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    private static func isWritable(_ directory: String) -> Bool {
        ["", "/cgroup.procs"].allSatisfy { name in unsafe access(directory + name, W_OK) == 0 }
    }

    private static func passesOn(_ directory: String) -> Bool {
        func active(_ names: [String]) -> Bool {
            let passed = (text(directory + "/cgroup.subtree_control") ?? "").split(whereSeparator: \.isWhitespace)
            return names.allSatisfy { name in passed.contains { $0 == name } }
        }
        let optional = ["cpuset", "io"]
        if !active(needed + optional) {
            // Only a group without processes of its own, or the root, accepts this; else it is refused, nothing changes.
            for names in [needed] + optional.map({ [$0] }) where !active(names) {
                do {
                    let text = names.map { "+" + $0 }.joined(separator: " ")
                    try Kernel.writeText(text, to: directory + "/cgroup.subtree_control")
                } catch { continue }
            }
        }
        return active(needed)
    }

    /// Steps down into a group of one's own: what systemd delegates (`Delegate=yes`) may pass its controllers on only
    /// when no process stands in it.
    private static func vacate(_ directory: String) -> Bool {
        let own = String(getpid())
        guard text(directory + "/cgroup.procs")?.split(separator: "\n").map(String.init) == [own] else { return false }
        let leaf = directory + "/supervisor"
        _ = Kernel.withPath(leaf) { Kernel.call(SYS_mkdirat, Int(AT_FDCWD), $0, 0o755) }
        do { try Kernel.writeText(own, to: leaf + "/cgroup.procs") } catch { return false }
        return passesOn(directory)
    }

    private static func join(_ mount: String, _ path: String) -> String { path == "/" ? mount : mount + path }

    private static func text(_ path: String) -> String? {
        do { return try Kernel.readText(path) } catch { return nil }
    }
}
