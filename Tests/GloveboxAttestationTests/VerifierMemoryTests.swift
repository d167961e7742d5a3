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
        let all = ["log.rollback", "report.conflict", "report.replay", "report.conflict"]
        #expect(try reasons(Self.scenario(), memory) == all)
        var later = Self.scenario { $0.jobID = "job_2" }
        later.issuedGap = 0
        #expect(try reasons(later, memory) == ["log.rollback", "report.replay", "report.conflict"])
        // Nobody chose the nonce of a plan, so two runs may carry it.
        let stories = ["log.rollback", "report.conflict", "report.conflict"]
        #expect(try reasons(Scenario(), Self.memory(Scenario())) == stories)

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

    /// A report as it is remembered, by where the log has it and what it names.
    private static func seen(
        _ name: String,
        at index: UInt64,
        after previous: String? = nil,
        svn: UInt64 = 1,
        tpm: (clock: UInt64, resets: UInt64)? = nil
    ) throws -> VerifierMemory.Seen {
        let key = Scenario.digest("ak").hex
        let clock = tpm.map {
            """
            ,"tpm":{"clock":{"clock":"\($0.clock)","resetCount":"\($0.resets)","restartCount":"0","safe":true},\
            "key":{"sha256":"\(key)"}}
            """
        }
        let before = previous.map { $0.isEmpty ? Digest.zero : Scenario.digest($0) }
        let text = """
            {"attester":"a","index":"\(index)","job":"job_\(index)","logged":"2026-01-02T03:04:05Z",\
            "nonce":{"sha256":"\(Scenario.digest(name).hex)"},"origin":"o",\
            \(before.map { "\"previous\":{\"sha256\":\"\($0.hex)\"}," } ?? "")\
            "report":{"sha256":"\(Scenario.digest(name).hex)"},"run":"1","svn":"\(svn)","trust":"1"\(clock ?? "")}
            """
        var fields = try JSONFields(JSONReader.read(Array(text.utf8)), at: "seen")
        let seen = try VerifierMemory.Seen(reading: &fields)
        try fields.finish()
        return seen
    }

    private static func memory(of seen: [VerifierMemory.Seen]) throws -> VerifierMemory {
        var memory = VerifierMemory()
        for one in seen { memory.note(one) }
        return try VerifierMemory(parsing: memory.bytes)
    }

    @Test func `a site's reports must follow one another`() throws {
        let first = try Self.seen("r1", at: 10, after: "")
        let third = try Self.seen("r3", at: 30, after: "r2")
        let memory = try Self.memory(of: [first, third])
        func breaks(_ name: String, at index: UInt64, after previous: String?) throws -> Bool {
            try memory.chain(Self.seen(name, at: index, after: previous)).map(\.code) == ["report.conflict"]
        }
        // The one between, the one after, one that is far away, and one of a version that kept no chain.
        #expect(try !breaks("r2", at: 20, after: "r1") && !breaks("r4", at: 40, after: "r3"))
        #expect(try !breaks("r9", at: 90, after: "r8") && !breaks("r3", at: 30, after: "r2"))
        #expect(try !breaks("r5", at: 50, after: nil))
        // A second first one, a second successor, one left out, one put in between, and two turned about.
        #expect(try breaks("x", at: 20, after: "") && breaks("x", at: 5, after: "r0"))
        #expect(try breaks("x", at: 40, after: "r2") && breaks("x", at: 40, after: "r1"))
        #expect(try breaks("r2", at: 35, after: "r1") && breaks("x", at: 9, after: "r1"))
        // Every log has a chain of its own.
        let elsewhere = try VerifierMemory(parsing: memory.bytes.replacing("\"origin\":\"o\"", "\"origin\":\"p\""))
        #expect(try elsewhere.chain(Self.seen("x", at: 20, after: "")).isEmpty)
    }

    @Test func `neither TPM nor supervisor may go back between two reports`() throws {
        let memory = try Self.memory(of: [Self.seen("r2", at: 20, svn: 2, tpm: (5000, 7))])
        func clock(_ index: UInt64, _ clock: UInt64, _ resets: UInt64) throws -> [String] {
            try memory.clock(Self.seen("x", at: index, tpm: (clock, resets))).map(\.code)
        }
        #expect(try clock(30, 5001, 7) == [] && clock(30, 5001, 8) == [] && clock(10, 4999, 7) == [])
        #expect(try clock(30, 4999, 7) == ["tpm.clock"] && clock(30, 6000, 6) == ["tpm.clock"])
        #expect(try clock(10, 5001, 7) == ["tpm.clock"] && clock(10, 100, 8) == ["tpm.clock"])
        #expect(try memory.clock(Self.seen("x", at: 30)).isEmpty)
        #expect(try memory.versions(Self.seen("x", at: 30, svn: 1)).map(\.code) == ["svn.downgrade"])
        #expect(try memory.versions(Self.seen("x", at: 30, svn: 2)).isEmpty)
        #expect(try memory.versions(Self.seen("x", at: 10, svn: 1)).isEmpty)
    }

    @Test(arguments: ["", "{}", "{\"profile\":\"glovebox-verifier-memory/2\",\"seen\":[]}", "{\"seen\":[]}"])
    func `a memory that is none is refused`(text: String) {
        #expect(throws: GloveboxError.self) { try VerifierMemory(parsing: Array(text.utf8)) }
    }
}
