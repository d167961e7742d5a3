import TestSupport
import Testing

/// How command lines end.
@Suite struct CommandLineTests {
    private static let wrong: [String: Int32] = [
        "measure": 2, "measure . --what": 2, "datasets --what": 2, "verify --what": 2, "audit verify --what": 2,
        "audit selftest --what": 2, "node enroll": 2, "worker run": 2, "what": 2, "jail filter --what": 2,
        "jail run --what": 125, "jail run --rootfs /": 125,
    ]

    @Test(arguments: wrong.keys.sorted())
    func `a command line that cannot be understood ends with 2, or 125 before a jail, and says why`(
        words: String
    ) throws {
        let run = try TestPrograms.run("glovebox", words.split(separator: " ").map(String.init))
        #expect(run.status == Self.wrong[words], "\(run.output)")
        #expect(run.output.contains("Error: ") && run.output.lowercased().contains("usage"), "\(run.output)")
    }

    @Test(arguments: ["--help", "--version", "measure --help", "jail run --help", "help verify"])
    func `help that was asked for is no failure`(words: String) throws {
        let run = try TestPrograms.run("glovebox", words.split(separator: " ").map(String.init))
        #expect(run.status == 0 && !run.output.isEmpty, "\(run.output)")
    }
}
