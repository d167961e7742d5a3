import GloveboxCore
import TestSupport
import Testing

/// `Tests/Benchmarks/rows/run`, which takes a large dataset through a whole job and looks at the memory of each process.
@Suite(.serialized) struct RowMemoryTests {
    private static let image = TestPrograms.image("python")

    /// With all rows in memory, 800,000 of them take 63 MiB of the supervisor, 42 to register them; as it is, a job takes 22.
    @Test(.enabled(if: image != nil, "needs the image python"))
    func `a job on many rows takes hardly more memory than one on few`() throws {
        let driver = TestPrograms.repository + "/Tests/Benchmarks/rows/run"
        let options = ["--rows", "800000", "--wall", "900", "--decided", "--growth", "38"]
        let arguments = ["python3", "-B", driver] + options
        let run = try TestPrograms.run(
            "/usr/bin/env",
            arguments + [TestPrograms.path("gloveboxd"), try #require(Self.image)]
        )
        #expect(run.status == 0 && run.output.contains("800000 rows"), "\(run.output)")
    }
}
