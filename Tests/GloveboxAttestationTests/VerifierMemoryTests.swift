import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// What one report cannot show, two can.
@Suite struct VerifierMemoryTests {
    private static let nonce = [UInt8](repeating: 9, count: 32)

    private static func scenario(_ edit: @escaping (inout Report) -> Void = { _ in }) -> Scenario {
        var scenario = Scenario()
        scenario.options.nonce = nonce
        scenario.editReport = {
            $0.nonce = nonce
            edit(&$0)
        }
        return scenario
    }

    /// The memory after one sound report, as it stands in a file.
    private static func memory(_ scenario: Scenario = scenario()) throws -> VerifierMemory {
        let verdict = try scenario.verdict()
        var memory = VerifierMemory()
        try #require(verdict.isVerified)
        memory.note(try #require(verdict.seen))
        return try VerifierMemory(parsing: memory.bytes)
    }

    private func reasons(_ scenario: Scenario, _ memory: VerifierMemory) throws -> [String] {
        var scenario = scenario
        scenario.options.memory = memory
        return try scenario.verdict().checks.filter { $0.status == .failed }.map(\.reason)
    }

    @Test func `a reader who remembers refuses a replay, a second story, older versions and an older log`() throws {
        let memory = try Self.memory()
        // Another report of the same run, for the same nonce, at the same place of the log.
        #expect(try reasons(Self.scenario(), memory) == ["log.rollback", "report.conflict", "report.replay"])
        var later = Self.scenario { $0.jobID = "job_2" }
        later.issuedGap = 0
        #expect(try reasons(later, memory) == ["log.rollback", "report.replay"])
        // Nobody chose the nonce of a plan, so two runs may carry it.
        #expect(try reasons(Scenario(), Self.memory(Scenario())) == ["log.rollback", "report.conflict"])

        var newer = Self.scenario()
        newer.editTrust = { $0.version = 7 }
        #expect(try reasons(Self.scenario(), Self.memory(newer)).first == "trust.rollback")
    }

    @Test func `the report that was remembered verifies again`() throws {
        let scenario = Self.scenario()
        let files = try scenario.build()
        var options = scenario.options
        for _ in 0..<2 {
            let verdict = ReportVerifier.verify(
                evidence: files.evidence,
                trust: files.trust,
                results: scenario.results,
                options: options
            )
            #expect(verdict.isVerified, "\(verdict.story)")
            var memory = VerifierMemory()
            memory.note(try #require(verdict.seen))
            memory.note(try #require(verdict.seen))
            #expect(try JSONReader.read(memory.bytes)["seen"]?.array?.count == 1)
            options.memory = memory
        }
    }

    @Test(arguments: ["", "{}", "{\"profile\":\"glovebox-verifier-memory/2\",\"seen\":[]}", "{\"seen\":[]}"])
    func `a memory that is none is refused`(text: String) {
        #expect(throws: GloveboxError.self) { try VerifierMemory(parsing: Array(text.utf8)) }
    }
}
