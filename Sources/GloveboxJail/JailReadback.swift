package import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// The kernel's account of the workload, taken with the filter loaded and before exec.
package struct JailReadback: Sendable, Equatable {
    /// `Seccomp:`; 2 means a filter.
    package var seccomp = ""
    /// The value `NoNewPrivs:`.
    package var noNewPrivileges = ""
    /// The five capability sets by their names in `/proc/self/status`, hexadecimal.
    package var capabilities: [String: String] = [:]
    /// `/proc/self/mountinfo`, whole.
    package var mounts = ""
    /// `/proc/self/uid_map`, white space folded.
    package var uidMap = ""
    /// `Groups:`; empty when there are none.
    package var groups: String?
    /// `Uid:` with the real, effective, saved and file-system id.
    package var identity = ""
    /// `Umask:`; what reports say of it.
    package var umask = ""
    /// Version of Landlock's interface in force; `0` without it.
    package var landlock = "0"
    /// `/proc/self/timens_offsets`, white space folded.
    package var clocks = ""
    /// The personality; `0` where the plan sets none.
    package var personality = "0"

    /// `/proc/self/gid_map`, white space folded.
    package var gidMap = ""
    /// `/proc/self/setgroups`: `allow` or `deny`.
    package var setgroups = ""
    /// `/proc/self/oom_score_adj`.
    package var oomScore = ""
    /// The secure bits, in decimal.
    package var securebits = ""
    /// `0` when nobody may look into the jail's first process.
    package var dumpable = ""
    /// The resource limits by their numbers: soft and hard, as text.
    package var resourceLimits: [UInt32: String] = [:]

    /// The kernel's numbers of its namespaces, by their names in `/proc/self/ns`.
    package var namespaces: [String: String] = [:]
    /// The limits of its control group by the kernel's file names; nil without one.
    package var controlGroup: [String: String]?
    /// How many processes stand in each directory of its control group, the least of them.
    var population: Int?
    /// The program that will be executed; nil unless the jail's specification asks for it and the file can be read.
    package var program: Program?
    /// Path of ``program``, before it is measured.
    var programPath: String?

    /// A program of the jail's root.
    package struct Program: Sendable, Equatable {
        /// Path in the jail.
        package let path: String
        /// SHA-256 of the file.
        package let digest: Digest
    }

    /// An account of nothing.
    package init() {}

    /// Takes the body of ``JailMessage/ready``; false when it is not whole.
    mutating func take(_ body: [UInt8]) -> Bool {
        var rest = body[...]
        while let source = rest.popFirst() {
            guard rest.count >= 4 else { return false }
            let length = Int(rest.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
            rest = rest.dropFirst(4)
            guard rest.count >= length else { return false }
            guard take(source, rest.prefix(length)) else { return false }
            rest = rest.dropFirst(length)
        }
        return true
    }

    /// Takes one source; false when there is no such.
    ///
    /// Lines are told apart as bytes: there are many, and few matter.
    private mutating func take(_ source: UInt8, _ bytes: ArraySlice<UInt8>) -> Bool {
        var text: String { String(decoding: bytes, as: UTF8.self) }
        switch JailMessage.Source(rawValue: source) {
        case .mounts: mounts += text
        case .uidMap: uidMap = Self.folded(bytes)
        case .gidMap: gidMap = Self.folded(bytes)
        case .setgroups: setgroups = Self.folded(bytes)
        case .oomScore: oomScore = Self.folded(bytes)
        case .securebits: securebits = text
        case .dumpable: dumpable = text
        case .limits:
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                let words = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
                guard words.count == 2, let number = UInt32(String(decoding: words[0], as: UTF8.self)) else { continue }
                resourceLimits[number] = String(decoding: words[1], as: UTF8.self)
            }
        case .clocks: clocks = Self.folded(bytes)
        case .landlock: landlock = text
        case .personality: personality = text
        case .program: programPath = text
        case .namespaces:
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                let link = line.split(separator: UInt8(ascii: ":"), maxSplits: 1)
                guard link.count == 2 else { continue }
                let number = link[1].filter { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
                namespaces[String(decoding: link[0], as: UTF8.self)] = String(decoding: number, as: UTF8.self)
            }
        case .status:
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
                    let name = Self.wanted.first(where: { $0.utf8.elementsEqual(line[..<colon]) })
                else { continue }
                let value = Self.folded(line[(colon + 1)...])
                switch name {
                case "Seccomp": seccomp = value
                case "NoNewPrivs": noNewPrivileges = value
                case "Groups": groups = value
                case "Uid": identity = value
                case "Umask": umask = value
                default: capabilities[name] = value
                }
            }
        case nil: return false
        }
        return true
    }

    private static let wanted = [
        "Seccomp", "NoNewPrivs", "Groups", "Uid", "Umask", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
    ]

    /// Runs of blanks, tabs and line ends as one blank, and none at the ends.
    private static func folded(_ bytes: ArraySlice<UInt8>) -> String {
        let words = bytes.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0a }
        return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }

    /// Compares with what this plan and this birth must show.
    ///
    /// - Throws: `jail.readback` naming the first thing that is not as planned.
    func check(_ plan: JailPlan, _ birth: JailBirth) throws(GloveboxError) {
        if let wrong = difference(from: plan, birth) {
            throw GloveboxError("jail.readback", "the jail is not as planned: \(wrong)")
        }
    }

    /// Compares with the namespaces of this process, none of which may be shared, and with the network namespace that the
    /// jail was born in.
    ///
    /// - Throws: `jail.readback`.
    func checkNamespaces(of plan: JailPlan, network: Descriptor?) throws(GloveboxError) {
        var needed = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]
        if plan.options.contains(.timeNamespace) { needed.append("time") }
        for name in needed {
            guard let number = namespaces[name], let own = Self.own[name], !number.isEmpty, number != own else {
                throw GloveboxError("jail.readback", "the jail is not as planned: it shares the \(name) namespace")
            }
        }
        if let network, !isIn(network) {
            throw GloveboxError("jail.readback", "the jail is not as planned: its network namespace is another")
        }
    }

    /// Source: namespaces(7): the number of a namespace is that of the inode.
    private func isIn(_ network: Descriptor) -> Bool {
        do { return try namespaces["net"] == String(network.status().inode) } catch { return false }
    }

    /// The kernel's numbers of this process's own namespaces, which it never changes; one that cannot be read is left out.
    private static let own: [String: String] = {
        var own: [String: String] = [:]
        for name in ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] {
            do {
                own[name] = String(decoding: try Kernel.readLink("/proc/self/ns/" + name), as: UTF8.self).filter(
                    \.isNumber
                )
            } catch { continue }
        }
        return own
    }()

    private func difference(from plan: JailPlan, _ birth: JailBirth) -> String? {
        if plan.options.contains(.landlock), landlock == "0" { return "Landlock is not in force" }
        let addresses = plan.options.contains(.fixedAddresses) ? "262144" : "0"  // ADDR_NO_RANDOMIZE
        if personality != addresses { return "the personality is '\(personality)', not \(addresses)" }
        let id = String(plan.workloadID)
        if seccomp != "2" { return "Seccomp is '\(seccomp)', not 2" }
        if noNewPrivileges != "1" { return "NoNewPrivs is '\(noNewPrivileges)', not 1" }
        let zero = UInt8(ascii: "0")
        if capabilities.count != 5 || capabilities.values.contains(where: { !$0.utf8.allSatisfy { $0 == zero } }) {
            return "a capability set is not empty"
        }
        // Some runtimes ask for offsets and get none.
        if plan.options.contains(.timeNamespace), clocks.split(separator: " ").count(where: { $0.hasPrefix("-") }) != 2
        {
            return "the clocks are not set back: '\(clocks)'"
        }
        if identity != [id, id, id, id].joined(separator: " ") { return "the ids are '\(identity)', not \(id)" }
        if umask != "0077" { return "the umask is '\(umask)', not 0077" }
        let isGranted = birth.options.contains(.granted)
        if plan.options.contains(.privileged) || isGranted, groups != "" { return "there are supplementary groups" }
        if uidMap != Self.folded(birth.uidMap[...]) { return "the id map is '\(uidMap)'" }
        if gidMap != Self.folded(birth.gidMap[...]) {
            return "the id map of groups is '\(gidMap)'"
        }
        // Once denied, groups that are there stay: where they are given up, it takes a privilege that the workload lacks.
        let granting = isGranted ? "allow" : "deny"
        if setgroups != granting { return "setgroups is '\(setgroups)', not \(granting)" }
        // 0x2f, as the launcher sets them.
        if securebits != "47" { return "the secure bits are '\(securebits)', not 47" }
        if dumpable != "0" { return "the first process can be looked into" }
        if oomScore != String(plan.oomScore) { return "oom_score_adj is '\(oomScore)', not \(plan.oomScore)" }
        for limit in plan.limits where resourceLimits[limit.resource] != "\(limit.value) \(limit.value)" {
            let found = resourceLimits[limit.resource] ?? "missing"
            return "resource limit \(limit.resource) is '\(found)', not \(limit.value)"
        }
        return MountTable(plan.steps).difference(from: mounts)
    }
}
