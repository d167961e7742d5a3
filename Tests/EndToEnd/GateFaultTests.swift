import GloveboxCore
import TestSupport
import Testing

/// `Tests/Crash/gate`, which lets single system calls of a running supervisor fail between a job's start and its release.
@Suite(.serialized) struct GateFaultTests {
    private static let data = TestPrograms.variable("GLOVEBOX_FAIR_CSV")
    private static let image = TestPrograms.image("python")
    /// `Deploy/test --long` asks for every call and error.
    private static let isLong = TestPrograms.variable("GLOVEBOX_CRASH_ROUNDS") != nil

    @Test(.enabled(if: data != nil && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `whichever system call fails at the gate, no byte leaves before its release is on record`() throws {
        let driver = TestPrograms.repository + "/Tests/Crash/gate"
        let options = Self.isLong ? ["--rounds", "3"] : ["--rounds", "1", "--calls", "fdatasync", "--errors", "EIO"]
        let program = TestPrograms.path("gloveboxd")
        let arguments = options + ["--", program, try #require(Self.image), try #require(Self.data)]
        let run = try TestPrograms.run("/usr/bin/env", ["python3", "-B", driver] + arguments)
        #expect(run.status == 0 && run.output.contains("nothing left before"), "\(run.output)")
    }
}
