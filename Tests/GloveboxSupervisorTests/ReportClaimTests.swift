import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// How facts become claims of a report.
@Suite struct ReportClaimTests {
    @Test func `usage on private data tells nothing`() {
        for usage in [ExactUsage(0, 0, 0), ExactUsage(901, 901, 2 << 30)] {
            let told = usage.report(mode: .real, exit: "0")
            #expect(told.cpuBucket == nil && told.wallBucket == nil && told.rssBucket == nil)
            #expect(told.exitCode == nil && told.signal == nil && told.deniedSyscalls == nil)
        }
    }

    @Test func `usage on a mock tells the power of ten`() {
        let told = ExactUsage(0, 9, 123_456_789).report(mode: .mock, exit: "0")
        #expect(told.cpuBucket == "0s-1s" && told.wallBucket == "1s-10s" && told.rssBucket == "100000000B-1000000000B")
        #expect(ExactUsage(10, .max, 1).report(mode: .mock, exit: nil).cpuBucket == "10s-100s")
    }

    @Test(.enabled(if: TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil, "needs GLOVEBOX_FAIR_CSV"))
    func `how many calls were refused is told where nothing private was read`() throws {
        var plan = try Manifest(parsing: TestSite().plan("pass").manifest)
        var facts = RunFacts(start: Instant(seconds: 0), end: Instant(seconds: 1))
        func told() -> String? { ReportMaker.usage(plan, facts, exit: "0").deniedSyscalls }
        facts.refusedCalls = 12
        #expect(told() == nil && plan.readsPrivateData)
        plan.mode = .mock
        #expect(told() == "12")
        (plan.mode, plan.inputs) = (.real, [])
        #expect(told() == "12")
        facts.refusedCalls = nil
        #expect(told() == nil)
    }

    @Test func `a process that a debugger looks into says so`() {
        #expect(!HostFacts.isTraced())
        #expect(!HostFacts.isTraced("Name:\tgloveboxd\nTracerPid:\t0\n"))
        #expect(HostFacts.isTraced("Name:\tgloveboxd\nTracerPid:\t4711\n"))
        // Who cannot tell does not deny it.
        #expect(HostFacts.isTraced(""))
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func `a mapped file is measured, not what took its name`() throws {
        let path = try TestPrograms.scratch() + "/mapped.so"
        let old = [UInt8](repeating: 0x90, count: 4096)
        try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o755).write(old)
        let file = try Descriptor.open(path, O_RDONLY)
        let memory = unsafe mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.raw, 0)
        try #require(unsafe memory != MAP_FAILED)
        defer { unsafe munmap(memory, 4096) }
        #expect(try Self.digest(of: path) == Machine.sha256(old))
        try Descriptor.open(path + ".new", O_RDWR | O_CREAT, mode: 0o755).write([1, 2, 3])
        try #require(unsafe rename(path + ".new", path) == 0)
        #expect(try Self.digest(of: path) == Machine.sha256(old))
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func `what was mapped or changed after the start is measured for the next report, and stands on no list`() throws {
        let programs = MappedPrograms()
        let path = try TestPrograms.scratch() + "/late.so"
        // Other tests of this process map files of their own meanwhile.
        func paths() throws -> [String] { try programs.current().map(\.path) }
        let own = try #require(try paths().first { $0.hasSuffix("gloveboxPackageTests.xctest") })
        #expect(try !paths().contains(path))
        let bytes = [UInt8](repeating: 0x90, count: 4096)
        let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o755)
        try file.write(bytes)
        let memory = unsafe mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, file.raw, 0)
        try #require(unsafe memory != MAP_FAILED)
        defer { unsafe munmap(memory, 4096) }
        func late() throws -> GloveboxCore.Digest? { try programs.current().first { $0.path == path }?.digest }
        #expect(try late() == Machine.sha256(bytes))
        var changed = bytes
        changed[0] = 0xcc
        usleep(20_000)  // a file system's clock has ticked
        try #require(unsafe pwrite(file.raw, [0xcc], 1, 0) == 1)
        #expect(try late() == Machine.sha256(changed), "the same file with other code")
        #expect(try paths().contains(own) && paths().count { $0 == path } == 1)
    }

    /// What is said of a mapped file; the kernel marks the name of one that has none any more.
    private static func digest(of path: String) throws -> GloveboxCore.Digest? {
        try MappedPrograms().current().first { $0.path.hasPrefix(path) }?.digest
    }
}
