import GloveboxCore
import GloveboxLinux
import GloveboxPlan
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
        for name in ["ipc", "mnt", "net", "pid", "user", "uts"] {
            let own = String(decoding: try Kernel.readLink("/proc/self/ns/" + name), as: UTF8.self).filter(\.isNumber)
            #expect(told.namespaces[name].map { !$0.isEmpty && $0 != own } == true, "\(name) \(told.namespaces)")
        }
        let program = try #require(told.program)
        #expect(program.path == "/usr/bin/true")
        let sum = try TestPrograms.run("/usr/bin/sha256sum", ["/usr/bin/true"]).output.prefix(64)
        #expect(program.digest.hex == String(sum))
        #expect(try readback(["true"]).0.program == nil)
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

    @Test func `a jail that shares a namespace is refused`() throws {
        var told = JailReadback()
        for name in ["ipc", "mnt", "net", "pid", "user", "uts"] { told.namespaces[name] = "1" }
        let plan = JailPlan()
        try told.checkNamespaces(of: plan, hasProcesses: true)
        for name in told.namespaces.keys {
            var shared = told
            let own = try Kernel.readLink("/proc/self/ns/" + name)
            shared.namespaces[name] = String(decoding: own, as: UTF8.self).filter(\.isNumber)
            #expect(throws: GloveboxError("jail.readback", "")) {
                try shared.checkNamespaces(of: plan, hasProcesses: true)
            }
            shared.namespaces[name] = nil
            #expect(throws: GloveboxError("jail.readback", "")) {
                try shared.checkNamespaces(of: plan, hasProcesses: true)
            }
        }
    }

    @Test func `a group without its limits is refused`() throws {
        let limits = JailLimits()
        var told = JailReadback()
        try told.checkLimits(limits)
        let right = ["memory.max": String(limits.memory), "pids.max": String(limits.processes + 1)]
        told.controlGroup = right
        try told.checkLimits(limits)
        for (file, text) in [
            ("memory.max", "max"), ("memory.max", String(limits.memory + 4096)), ("memory.max", "0"),
            ("pids.max", "max"), ("pids.max", "1000"),
        ] {
            told.controlGroup = right.merging([file: text]) { $1 }
            #expect(throws: GloveboxError("jail.readback", ""), "\(file) \(text)") { try told.checkLimits(limits) }
        }
        for file in right.keys {
            told.controlGroup = right.filter { $0.key != file }
            #expect(throws: GloveboxError("jail.readback", ""), "\(file)") { try told.checkLimits(limits) }
        }
    }
}
