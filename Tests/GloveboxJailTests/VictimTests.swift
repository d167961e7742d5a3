import Glibc
import TestSupport
import Testing

/// The programs of `Tests/Victims`, each of which tries to get out in one way.
@Suite(.serialized) struct VictimTests {
    private static let hasCompiler = unsafe access("/usr/bin/gcc", X_OK) == 0

    private func run(_ arguments: [String]) throws -> TestPrograms.Outcome {
        let program = TestPrograms.path("glovebox")
        let programs = program[..<(program.lastIndex(of: "/") ?? program.startIndex)]
        return try TestPrograms.run(
            "/bin/bash",
            [TestPrograms.repository + "/Tests/Victims/run"] + arguments,
            environment: ["GLOVEBOX_PROGRAMS=\(programs)"]
        )
    }

    @Test(.enabled(if: hasCompiler, "the victims are built with gcc"))
    func `no victim gets out of the jail`() throws {
        let outcome = try run(["--under", "glovebox"])
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    @Test(
        .enabled(if: hasCompiler, "the victims are built with gcc"),
        .enabled(if: geteuid() == 0, "the job runs as an ordinary user when root starts the script")
    )
    func `no victim gets out of a jail that an ordinary user started`() throws {
        let outcome = try run(["--user", "nobody"])
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    @Test(
        .enabled(if: hasCompiler, "the victims are built with gcc"),
        .enabled(if: geteuid() == 0, "outside a jail the victims need root to get through")
    )
    func `every victim gets through where there is no jail, so that being blocked means something`() throws {
        let outcome = try run(["--under", "outside"])
        #expect(outcome.status == 0, "\(outcome.output)")
    }
}
