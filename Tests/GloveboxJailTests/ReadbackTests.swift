import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxPlan
import Synchronization
import TestSupport
import Testing

@testable import GloveboxJail

/// What the kernel says of a workload before its first instruction, and what is made of it.
@Suite(.serialized) struct ReadbackTests {
    private func readback(
        _ command: [String],
        _ change: (inout JailSpecification) -> Void = { _ in }
    ) throws -> (JailReadback, JailProtections) {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: command,
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/local/nothing:/usr/bin:/bin"]
        specification.limits.wallMilliseconds = 20_000
        change(&specification)
        let result = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification)
        #expect(result.end == .exited(0))
        return (result.readback, result.protections)
    }

    @Test func `a live child has namespaces of its own, and its program is measured where that is asked for`() throws {
        let (told, _) = try readback(["true"]) { $0.measuresProgram = true }
        for name in ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"] {
            let own = String(decoding: try Kernel.readLink("/proc/self/ns/" + name), as: UTF8.self).filter(\.isNumber)
            #expect(told.namespaces[name].map { !$0.isEmpty && $0 != own } == true, "\(name) \(told.namespaces)")
        }
        let program = try #require(told.program)
        #expect(program.path == "/usr/bin/true")
        let sum = try TestPrograms.run("/usr/bin/sha256sum", ["/usr/bin/true"]).output.prefix(64)
        #expect(program.digest.hex == String(sum))
        #expect(try readback(["true"]).0.program == nil)
    }

    @Test func `the account has every mount, whatever the length of a path among them`() throws {
        let scratch = try TestPrograms.scratch()
        #expect(unsafe chmod(scratch, 0o755) == 0)
        let long = String(repeating: "/" + String(repeating: "d", count: 255), count: 15)
        let (told, _) = try readback(["true"]) {
            $0.binds = ["/first", long, "/last"].map { JailSpecification.Bind(source: scratch, target: $0) }
        }
        let places = told.mounts.split(separator: "\n").map { String($0.split(separator: " ")[4]) }
        #expect(Set(places).isSuperset(of: ["/", "/proc", "/dev", "/tmp", "/out", "/first", long, "/last"]))
    }

    @Test func `a live child's group has the limits that were asked for`() throws {
        let (told, protections) = try readback(["true"]) {
            $0.limits.memory = 256 << 20
            $0.limits.processes = 17
        }
        guard let group = told.controlGroup else {
            #expect(protections.weaker.contains { $0.name == "control-groups" })
            return
        }
        #expect((group["memory.max"] ?? group["memory.limit_in_bytes"]) == String(256 << 20), "\(group)")
        #expect(group["pids.max"] == "18", "\(group)")
    }

    @Test func `a jail that stands in another network namespace than was prepared is refused`() throws {
        var told = JailReadback()
        for name in ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"] { told.namespaces[name] = "1" }
        // Any file stands for a namespace: what counts is its number.
        let prepared = try Descriptor.open("/proc/self/status", O_RDONLY)
        #expect(throws: GloveboxError("jail.readback", "")) {
            try told.checkNamespaces(of: JailPlan(), network: prepared)
        }
        told.namespaces["net"] = String(try prepared.status().inode)
        try told.checkNamespaces(of: JailPlan(), network: prepared)
    }

    @Test func `a jail that shares a namespace is refused`() throws {
        var told = JailReadback()
        for name in ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"] { told.namespaces[name] = "1" }
        let plan = JailPlan()
        try told.checkNamespaces(of: plan, network: nil)
        for name in told.namespaces.keys {
            var shared = told
            let own = try Kernel.readLink("/proc/self/ns/" + name)
            shared.namespaces[name] = String(decoding: own, as: UTF8.self).filter(\.isNumber)
            #expect(throws: GloveboxError("jail.readback", "")) {
                try shared.checkNamespaces(of: plan, network: nil)
            }
            shared.namespaces[name] = nil
            #expect(throws: GloveboxError("jail.readback", "")) {
                try shared.checkNamespaces(of: plan, network: nil)
            }
        }
    }

    @Test func `a group without its limits is refused`() throws {
        var limits = JailLimits()
        limits.milliCPUs = 1500
        limits.diskRate = 1 << 20
        var told = JailReadback()
        try told.checkLimits(limits)
        let needed = ["memory.max": String(limits.memory), "pids.max": String(limits.processes + 1)]
        let right = needed.merging([
            "memory.swap.max": "0", "memory.memsw.limit_in_bytes": String(limits.memory), "cpu.max": "150000 100000",
            "cpu.cfs_quota_us": "150000", "cpu.cfs_period_us": "100000", "cpuset.cpus": "2-3",
            "io.max": "8:0 rbps=1048576 wbps=1048576 riops=max wiops=max",
            "blkio.throttle.read_bps_device": "8:0 1048576 8:16 1048576",
        ]) { $1 }
        told.controlGroup = right
        told.population = 2
        try told.checkLimits(limits)
        for (file, text) in [
            ("memory.max", "max"), ("memory.max", String(limits.memory + 4096)), ("memory.max", "0"),
            ("pids.max", "max"), ("pids.max", "1000"), ("memory.swap.max", "max"),
            ("memory.memsw.limit_in_bytes", String(limits.memory + 4096)), ("cpu.max", "max 100000"),
            ("cpu.max", "150000 1000"), ("cpu.cfs_quota_us", "-1"), ("cpu.cfs_period_us", "1000"),
            ("cpuset.cpus", "0-7"), ("cpuset.cpus", ""), ("io.max", "8:0 rbps=max wbps=1048576 riops=max wiops=max"),
            ("blkio.throttle.read_bps_device", "8:0 1048576 8:16 2097152"),
        ] {
            told.controlGroup = right.merging([file: text]) { $1 }
            #expect(throws: GloveboxError("jail.readback", ""), "\(file) \(text)") { try told.checkLimits(limits) }
        }
        for file in needed.keys {
            told.controlGroup = right.filter { $0.key != file }
            #expect(throws: GloveboxError("jail.readback", ""), "\(file)") { try told.checkLimits(limits) }
        }
        told.controlGroup = right
        for count in [nil, 0, 1] {
            told.population = count
            #expect(throws: GloveboxError("jail.readback", "")) { try told.checkLimits(limits) }
        }
    }

    /// What a live child of such a jail says, and the plan it was built from.
    private func account(of root: JailSpecification.Root) throws -> (
        told: JailReadback, plan: JailPlan, birth: JailBirth
    ) {
        var specification = JailSpecification(
            root: root,
            arguments: ["true"],
            profile: try ShippedProfiles.named("default")
        )
        specification.hasOutput = false
        if case .empty = root {
            // Nothing can be executed in it: what is measured comes before.
            specification.program = .descriptor(try Descriptor.open("/usr/bin/true", O_RDONLY))
        }
        let seen = Mutex<JailReadback?>(nil)
        var hooks = JailRun.Hooks()
        hooks.start = { (readback: JailReadback, _: JailProtections) throws(GloveboxError) in
            seen.withLock { $0 = readback }
        }
        _ = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification, hooks: hooks)
        let told = try #require(seen.withLock { $0 })
        var protections = JailProtections()
        let group = told.controlGroup == nil ? nil : try ControlGroup.make(in: .host)
        defer { group?.remove() }
        let plan = try JailPlanBuilder(
            specification,
            privileged: Kernel.isHostRoot,
            identity: .drawn(in: .none),
            group: group,
            devices: nil,
            protections: &protections
        ).plan
        var birth = JailBirth()
        birth.uidMap = Array(told.uidMap.utf8)  // drawn at random
        birth.gidMap = Array(told.gidMap.utf8)
        return (told, plan, birth)
    }

    @Test(arguments: [JailSpecification.Root.directory("/"), .empty])
    func `a jail that is not as its plan says does not start, whatever the lie`(root: JailSpecification.Root) throws {
        let (told, plan, birth) = try account(of: root)
        try told.check(plan, birth)
        for map in [\JailBirth.uidMap, \JailBirth.gidMap] {
            var other = birth
            other[keyPath: map] = Array("0 0 4294967295".utf8)
            #expect(throws: GloveboxError("jail.readback", ""), "\(map)") { try told.check(plan, other) }
        }
        let lies: [(String, (inout JailPlan) -> Void)] = [
            ("workload", { $0.workloadID = 0 }),
            ("oom score", { $0.oomScore = 900 }),
            ("personality", { $0.options.formSymmetricDifference(.fixedAddresses) }),
            ("mounts", { $0.steps.append(.bind(source: [47], path: Array("root/more".utf8), flags: [])) }),
        ]
        for (name, lie) in lies {
            var other = plan
            lie(&other)
            #expect(throws: GloveboxError("jail.readback", ""), "\(name)") { try told.check(other, birth) }
        }
        #expect(plan.limits.count >= 11)
        for index in plan.limits.indices {
            var other = plan
            other.limits[index].value += 1
            #expect(throws: GloveboxError("jail.readback", ""), "\(plan.limits[index])") {
                try told.check(other, birth)
            }
        }
    }

    @Test func `a child whose own state is not what every jail has does not start`() throws {
        let (told, plan, birth) = try account(of: .empty)
        let faults: [(String, (inout JailReadback) -> Void)] = [
            ("seccomp", { $0.seccomp = "0" }), ("no_new_privs", { $0.noNewPrivileges = "0" }),
            ("capabilities", { $0.capabilities["CapBnd"] = "0000000000000001" }),
            ("capabilities", { $0.capabilities["CapAmb"] = nil }), ("groups", { $0.setgroups = "allow" }),
            ("secure bits", { $0.securebits = "0" }), ("secure bits", { $0.securebits = "" }),
            ("dumpable", { $0.dumpable = "1" }), ("dumpable", { $0.dumpable = "" }),
            ("umask", { $0.umask = "0022" }), ("limits", { $0.resourceLimits = [:] }),
            ("soft limit", { $0.resourceLimits[7] = "1024 4096" }),
        ]
        for (name, fault) in faults {
            var other = told
            fault(&other)
            #expect(throws: GloveboxError("jail.readback", ""), "\(name)") { try other.check(plan, birth) }
        }
    }

    @Test func `an account with a source that is not known, or cut short, is refused`() {
        var told = JailReadback()
        let bits = JailMessage.Source.securebits.rawValue
        for (account, isWhole) in [
            ([bits, 2, 0, 0, 0, 52, 55], true), ([99, 1, 0, 0, 0, 52], false), ([bits, 2, 0, 0, 0, 52], false),
        ] as [([UInt8], Bool)] {
            let taken = told.take(account)
            #expect(taken == isWhole, "\(account)")
        }
        #expect(told.securebits == "47")
    }
}
