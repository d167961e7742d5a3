internal import Glibc

/// Where this process may make control groups: the groups it stands in, by controller.
///
/// Source: cgroups(7); `/proc/self/cgroup` and `/proc/self/mountinfo` of proc(5).
package struct ControlGroupLayout: Sendable {
    /// How the host keeps its controllers.
    package enum Kind: String, Sendable {
        case v2
        case v1
        case none
    }

    /// The kind that can limit here.
    package let kind: Kind
    /// Directories below which groups are made: one for v2 (key ""), one a controller for v1.
    package let parents: [String: String]

    /// The controllers a jail needs.
    static let needed = ["memory", "pids", "cpu"]

    /// Reads the layout of this host; never fails, but may find `none`.
    package static func current() -> ControlGroupLayout {
        guard let groups = text("/proc/self/cgroup"), let mounts = text("/proc/self/mountinfo") else {
            return ControlGroupLayout(kind: .none, parents: [:])
        }
        var own: [String: String] = [:]  // controller, or "" for v2 -> path of our group
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                own[String(controller)] = String(parts[2])
            }
        }
        var v1: [String: String] = [:]
        var v2: (mount: String, own: String)?
        for line in mounts.split(separator: "\n") {
            let halves = line.split(separator: " ").map(String.init)
            guard let dash = halves.firstIndex(of: "-"), halves.count > dash + 3, halves[3] == "/" else { continue }
            let mount = halves[4]
            switch halves[dash + 1] {
            case "cgroup2": if let path = own[""] { v2 = (mount, path) }
            case "cgroup":
                for controller in halves[dash + 3].split(separator: ",").map(String.init)
                where needed.contains(controller) {
                    if let path = own[controller] { v1[controller] = join(mount, path) }
                }
            default: break
            }
        }
        if let v2, let parent = delegated(mount: v2.mount, own: v2.own) {
            return ControlGroupLayout(kind: .v2, parents: ["": parent])
        }
        let usable = v1.filter { unsafe access($0.value, W_OK) == 0 }
        return usable["memory"] != nil && usable["pids"] != nil
            ? ControlGroupLayout(kind: .v1, parents: usable) : ControlGroupLayout(kind: .none, parents: [:])
    }

    /// The nearest group, ours or above, that passes the controllers on and lets us make a group in it.
    private static func delegated(mount: String, own: String) -> String? {
        var path = own
        while true {
            let directory = join(mount, path)
            if passesOn(directory) { return directory }
            guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    private static func passesOn(_ directory: String) -> Bool {
        guard unsafe access(directory, W_OK) == 0, unsafe access(directory + "/cgroup.procs", W_OK) == 0 else {
            return false
        }
        func active() -> Bool {
            let passed = (text(directory + "/cgroup.subtree_control") ?? "").split(whereSeparator: \.isWhitespace)
            return needed.allSatisfy { name in passed.contains { $0 == name } }
        }
        if active() { return true }
        // Only an empty group, or the root, accepts this; anywhere else it is refused and nothing changes.
        do {
            try Kernel.writeText(
                needed.map { "+" + $0 }.joined(separator: " "),
                to: directory + "/cgroup.subtree_control"
            )
        } catch { return false }
        return active()
    }

    private static func join(_ mount: String, _ path: String) -> String { path == "/" ? mount : mount + path }

    private static func text(_ path: String) -> String? {
        do { return try Kernel.readText(path) } catch { return nil }
    }
}
