import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// `Tests/Crash/run`, which ends the log's writer in every way and shares no code with it.
@Suite struct LogCrashTests {
    /// Rounds of each kind; `Deploy/test --long` asks for 200.
    private static let rounds = TestPrograms.variable("GLOVEBOX_CRASH_ROUNDS") ?? "8"
    private static let isRoot = geteuid() == 0

    private func crash(_ kind: String, _ options: [String] = []) throws -> TestPrograms.Outcome {
        let driver = TestPrograms.repository + "/Tests/Crash/run"
        let program = TestPrograms.path("gloveboxd")
        return try TestPrograms.run(
            "/usr/bin/env",
            ["python3", driver, "--rounds", Self.rounds, "--only", kind] + options + [program]
        )
    }

    private func expectNothingLost(_ kind: String) throws {
        let run = try crash(kind)
        #expect(run.status == 0 && run.output.contains("nothing lost"), "\(run.output)")
    }

    @Test(arguments: ["kill", "eio", "enospc", "edquot", "nothing"])
    func `any system call of append and publish may be the last, or fail: nothing acknowledged is lost`(
        kind: String
    ) throws {
        try expectNothingLost(kind)
    }

    @Test(.enabled(if: LogCrashTests.isRoot, "needs root to mount"), arguments: ["ext4", "xfs"])
    func `a power cut loses nothing acknowledged`(fileSystem: String) throws {
        try expectNothingLost(fileSystem)
    }

    @Test(.enabled(if: LogCrashTests.isRoot, "needs root to mount"), arguments: ["ext4", "xfs"])
    func `a power cut under a disk that swallows syncs is found to lose events`(fileSystem: String) throws {
        let run = try crash(fileSystem, ["--swallow-syncs"])
        #expect(run.status == 1, "\(run.output)")
        let losses = ["is lost", "does not start again", "as two leaves"]
        #expect(losses.contains { run.output.contains($0) }, "\(run.output)")
    }

    @Test func `a write that takes a part of its bytes is continued, and one that was cut off loses nothing`() throws {
        try expectNothingLost("short")
    }

    @Test(.enabled(if: LogCrashTests.isRoot, "needs root to mount"), arguments: ["full", "inodes"])
    func `a disk full of blocks or inodes is told in the log, which goes on by itself when there is room`(
        kind: String
    ) throws {
        try expectNothingLost(kind)
    }
}
