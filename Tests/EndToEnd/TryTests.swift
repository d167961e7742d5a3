import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// `glovebox try` and the policy commands with the real programs and a real jail.
@Suite struct TryTests {
    private static let documents = [
        "--schema", TestPrograms.repository + "/Deploy/demo/fair.dataset.yaml", "--input-policy",
        TestPrograms.repository + "/Deploy/demo/fair.input.yaml", "--image", "python",
    ]

    private func attempt(
        _ code: String,
        _ command: [String],
        policy: String = "aggregate-table"
    ) throws -> TestPrograms.Outcome {
        let images = TestPrograms.variable("GLOVEBOX_IMAGES").map { ["GLOVEBOX_IMAGES=" + $0] } ?? []
        let fixture = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/" + code
        return try TestPrograms.run(
            "glovebox",
            ["try", fixture, "--policy", policy] + Self.documents + ["--json", "--"] + command,
            environment: images
        )
    }

    private func result(_ outcome: TestPrograms.Outcome) throws -> JSONValue {
        let line = outcome.output.split(separator: "\n").last { $0.hasPrefix("{") }
        return try JSONReader.read(Array(try #require(line, "\(outcome.output)").utf8))
    }

    @Test func `an honest job sees on mock data which cells would be too small`() throws {
        let outcome = try attempt("fair-affairs", ["python3", "main.py"])
        let result = try result(outcome)
        #expect(outcome.status == 3, "\(outcome.output)")
        let verdict = try #require(result["verdict"])
        #expect(verdict["data"] == "mock" && verdict["told"] == "not-released")
        let checks = try #require(verdict["checks"]?.array)
        let threshold = checks.first { $0["id"] == "threshold" }
        #expect(threshold?["outcome"] == "fail" && threshold?["cells"]?.array?.isEmpty == false)
        #expect(checks.first { $0["id"] == "mismatch" }?["outcome"] == "pass", "the claim is recomputed on the twin")
        let code = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs"
        let measured = try TestPrograms.run("glovebox", ["measure", code, "--json"]).output
        #expect(try measured.contains(#require(result["code"]?.string).dropFirst(7)), "\(measured)")
    }

    @Test func `a job that copies rows sees them on stderr and is refused`() throws {
        let outcome = try attempt("leak-rows", ["python3", "main.py"])
        let failed = try #require(result(outcome)["verdict"]?["checks"]?.array).filter { $0["outcome"] == "fail" }
        #expect(outcome.status == 3 && failed.contains { $0["id"] == "mismatch" })
        #expect(outcome.output.contains("rate_marriage,age,"), "mock runs show the whole log")
    }

    @Test func `a program that fails, or is not there, says how it ended`() throws {
        let failing = try attempt("fair-affairs", ["python3", "-c", "raise SystemExit(9)"])
        #expect(try failing.status == 7 && result(failing)["end"] == "exit status 9")
        let missing = try attempt("fair-affairs", ["no-such-program"])
        #expect(try missing.status == 7 && result(missing)["end"] == "the command is not in the image")
    }

    @Test func `a program over blocks sees on mock data which blocks give nothing, and what its answer would cost`()
        throws
    {
        // Eight blocks in place of 64, so that the test is short.
        let shipped = TestPrograms.repository + "/Policies/dp-program.yaml"
        let text = String(decoding: try Descriptor.open(shipped, O_RDONLY).readAll(limit: 1 << 16), as: UTF8.self)
        let policy = try TestPrograms.scratch() + "/policy.yaml"
        try Descriptor.open(policy, O_WRONLY | O_CREAT, mode: 0o644)
            .write(Array(text.replacing("count: 64", with: "count: 8").utf8))
        let honest = try attempt("block-shares", ["python3", "main.py"], policy: policy)
        let shown = try result(honest)
        #expect(honest.status == 0 && shown["blocks"]?.integer == 8 && shown["faults"]?.array?.isEmpty == true)
        #expect(shown["answer"]?["values"]?.array?.count == 3 && shown["answer"]?["rho"] == "0.09375")
        let failing = try attempt(
            "block-shares",
            ["python3", "-c", "print('I am seen'); raise SystemExit(9)"],
            policy: policy
        )
        let faults = try #require(result(failing)["faults"]?.array)
        #expect(failing.status == 7 && faults.count == 8 && faults[0]["why"] == "exit status 9")
        #expect(failing.output.contains("I am seen"), "mock runs show the whole log")
    }

    @Test func `policy commands check, compare and explain`() throws {
        let policies = TestPrograms.repository + "/Policies/"
        let (real, demo) = (policies + "aggregate-table.yaml", policies + "demo-table.yaml")
        let checked = try TestPrograms.run("glovebox", ["policy", "check", real, "--json"])
        #expect(checked.status == 0 && checked.output.contains("\"kind\":\"OutputPolicy\""))
        let loosened = try TestPrograms.run("glovebox", ["policy", "check", real, demo])
        #expect(loosened.status == 3 && loosened.output.contains("channels.release_tick (line "))
        let differing = try TestPrograms.run("glovebox", ["policy", "diff", real, demo])
        #expect(differing.status == 1 && differing.output == "channels.release_tick: \"15m\" -> \"1s\"  (looser)\n")
        #expect(try TestPrograms.run("glovebox", ["policy", "diff", real, real]).status == 0)
        let file = try String(decoding: Descriptor.open(real, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
        let lines = file.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0.hasPrefix("  threshold: {min_units: 10,") }) + 1
        let explained = try TestPrograms.run(
            "glovebox",
            ["policy", "explain", real, "--key", "checks.threshold.min_units"]
        )
        #expect(explained.output == "checks.threshold.min_units: 10    \(real):\(line)\n")
    }
}
