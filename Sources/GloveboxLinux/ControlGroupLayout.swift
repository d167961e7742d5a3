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
    private let tops: [String: ControlGroupDirectory]

    /// A layout as it was read.
    package init(kind: Kind, parents: [String: String]) {
        (self.kind, self.parents) = (kind, parents)
        tops = parents.mapValues { ControlGroupDirectory($0) }
    }

    /// The directory of ``parents``.
    func top(_ controller: String) -> ControlGroupDirectory? { tops[controller] }

    /// What the group above says of the cpuset controller.
    func effective(_ name: String) throws(SyscallError) -> String {
        let text = top(kind == .v2 ? Self.unified : "cpuset")?.text("cpuset." + name)
        guard let text else { throw SyscallError("control group", ENOENT, "cpuset." + name) }
        return String(decoding: text.filter { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }

    /// Name of the version 2 tree among ``parents``.
    static let unified = "unified"
    /// The controllers without which there are no limits, and those that are used where they are.
    static let needed = ["memory", "pids", "cpu"]
    private static let wanted = needed + ["cpuset", "cpuacct", "freezer", "blkio"]

    /// The layout of this host, read once.
    package static let host = current()

    /// Removes what dead supervisors left, once in a process; not before a jail that somebody waits for.
    package static func sweep() { _ = swept }

    private static let swept = ControlGroup.sweep(host)

    /// Reads the layout of this host; never fails, but may find `none`.
    package static func current() -> ControlGroupLayout {
        guard let groups = bytes("/proc/self/cgroup"), let mounts = bytes("/proc/self/mountinfo") else {
            return ControlGroupLayout(kind: .none, parents: [:])
        }
        let own = Self.own(groups)
        var controllers: [String: String] = [:]
        var tree: (mount: String, own: String)?
        // As bytes: there are many lines, and few are of control groups.
        for line in mounts.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }), fields.count > dash + 3,
                fields[dash + 1].starts(with: "cgroup".utf8), fields[3].elementsEqual("/".utf8)
            else { continue }
            let mount = String(decoding: fields[4], as: UTF8.self)
            if fields[dash + 1].elementsEqual("cgroup2".utf8) {
                if let path = own[unified] { tree = (mount, path) }
                continue
            }
            for controller in fields[dash + 3].split(separator: UInt8(ascii: ",")) {
                let controller = String(decoding: controller, as: UTF8.self)
                if wanted.contains(controller), let path = own[controller] {
                    controllers[controller] = join(mount, path)
                }
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
    private static func own(_ groups: [UInt8]) -> [String: String] {
        var own: [String: String] = [:]
        for line in groups.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let path = String(decoding: parts[2], as: UTF8.self)
            for controller in parts[1].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                own[controller.isEmpty ? unified : String(decoding: controller, as: UTF8.self)] = path
            }
        }
        return own
    }

    /// The nearest group, ours or above, that passes the controllers on and lets us make a group in it.
    private static func delegated(mount: String, own: String) -> String? {
        var path = own
        while true {
            let directory = join(mount, path)
            // What a group does not have, it cannot pass on; beside trees of version 1 there is nothing to ask for.
            if has(needed, "cgroup.controllers", directory), isWritable(directory),
                passesOn(directory) || path == own && vacate(directory)
            {
                return directory
            }
            guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    private static func isWritable(_ directory: String) -> Bool {
        ["", "/cgroup.procs"].allSatisfy { name in unsafe access(directory + name, W_OK) == 0 }
    }

    private static func passesOn(_ directory: String) -> Bool {
        func active(_ names: [String]) -> Bool { has(names, "cgroup.subtree_control", directory) }
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

    /// Whether a group's file lists all these controllers.
    private static func has(_ controllers: [String], _ file: String, _ directory: String) -> Bool {
        guard let text = bytes(directory + "/" + file) else { return false }
        let listed = text.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        return controllers.allSatisfy { name in listed.contains { $0.elementsEqual(name.utf8) } }
    }

    /// Steps down into a group of one's own: what systemd delegates (`Delegate=yes`) may pass its controllers on only
    /// when no process stands in it.
    private static func vacate(_ directory: String) -> Bool {
        let own = String(getpid())
        guard let standing = bytes(directory + "/cgroup.procs"), standing.elementsEqual((own + "\n").utf8) else {
            return false
        }
        let leaf = directory + "/supervisor"
        _ = Kernel.withPath(leaf) { Kernel.call(SYS_mkdirat, Int(AT_FDCWD), $0, 0o755) }
        do { try Kernel.writeText(own, to: leaf + "/cgroup.procs") } catch { return false }
        return passesOn(directory)
    }

    private static func join(_ mount: String, _ path: String) -> String { path == "/" ? mount : mount + path }

    private static func bytes(_ path: String) -> [UInt8]? {
        do { return try Descriptor.open(path, O_RDONLY).readWhole(limit: 1 << 20) } catch { return nil }
    }
}
