import Glibc
import GloveboxCore
import GloveboxLinux
import Synchronization
import TestSupport
import Testing

@testable import GloveboxJail

/// Control groups that serve one jail after another.
@Suite(.serialized) struct SpareControlGroupTests {
    private let spares = SpareControlGroups(most: 1)
    private let isHybrid = ControlGroupLayout.host.kind == .hybrid

    private func directory(_ group: ControlGroup, _ controller: String) throws -> String {
        try #require(group.account.parents[controller]) + "/" + group.account.name
    }

    private func isThere(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    private func enter(_ pid: Int32, _ group: ControlGroup) throws {
        for controller in group.account.controllers {
            try Kernel.writeText(String(pid), to: try directory(group, controller) + "/cgroup.procs")
        }
    }

    @Test func `a group that nothing is left in serves again, without memory and limits`() throws {
        var first = try ControlGroup.make(in: .host, from: spares)
        try first.set(ControlGroupLimits(memory: 64 << 20, processes: 1, milliCPUs: 500))
        // It starts programs until the group refuses one.
        let (process, _) = try TestPrograms.start("/bin/sh", ["-c", "while sleep .01; do true; done"])
        try enter(process.pid, first)
        #expect(try process.wait() != 0)
        #expect(first.processLimitHits ?? 1 > 0)
        let paths = try first.account.controllers.map { ($0, try directory(first, $0)) }
        spares.keep(first)
        for (controller, path) in paths {
            let isKept = isHybrid && ["unified", "pids", "cpuset"].contains(controller)
            #expect(isThere(path) == isKept, "\(path)")
        }
        let second = try ControlGroup.make(in: .host, from: spares)
        #expect((second.account.name == first.account.name) == isHybrid)
        let limits = second.limitsInForce
        #expect(limits["pids.max"] == "max")
        let memory = limits["memory.max"] ?? limits["memory.limit_in_bytes"]
        #expect(memory != nil && memory != String(64 << 20))
        #expect(second.processLimitHits ?? 0 == 0)
        #expect(second.remove())
    }

    @Test func `a group that a process stands in, and one too many, do not serve again`() throws {
        var group = try ControlGroup.make(in: .host, from: spares)
        try group.set(ControlGroupLimits(milliCPUs: 1000))
        let (process, _) = try TestPrograms.start("/usr/bin/sleep", ["600"])
        try enter(process.pid, group)
        spares.keep(group)
        for controller in group.account.controllers { #expect(try !isThere(directory(group, controller))) }
        #expect(try process.wait() == SIGKILL)

        let (one, other) = (try ControlGroup.make(in: .host), try ControlGroup.make(in: .host))
        spares.keep(one)
        spares.keep(other)
        for controller in other.account.controllers { #expect(try !isThere(directory(other, controller))) }
        spares.close()
        for controller in one.account.controllers { #expect(try !isThere(directory(one, controller))) }
        let late = try ControlGroup.make(in: .host, from: spares)
        spares.keep(late)
        for controller in late.account.controllers { #expect(try !isThere(directory(late, controller))) }
    }

    @Test func `what one job used and was limited to counts for no later one`() throws {
        let reserve = try JailReserve(launcher: TestPrograms.path("glovebox-jail"))
        defer { reserve.close() }
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["python3", "-c", "import time\nwhile time.process_time() < .6: pass"],
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/bin:/bin"]
        specification.limits.processes = 4
        specification.limits.cpuSeconds = 20
        let busy = try JailRun(reserve: reserve).run(specification)
        #expect(busy.end == .exited(0) && busy.cpuMicroseconds > 500_000)
        specification.arguments = ["true"]
        specification.limits.processes = 64
        for _ in 0..<4 {
            let limit = Mutex("")
            var hooks = JailRun.Hooks()
            hooks.start = { (readback: JailReadback, _: JailProtections) throws(GloveboxError) in
                limit.withLock { $0 = readback.controlGroup?["pids.max"] ?? "65" }
            }
            let idle = try JailRun(reserve: reserve).run(specification, hooks: hooks)
            #expect(idle.end == .exited(0) && idle.cpuMicroseconds < 500_000, "\(idle.cpuMicroseconds)")
            #expect(limit.withLock { $0 } == "65")
            usleep(50_000)  // what is left is taken away meanwhile
        }
    }
}
