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
        let verdict = try #require(shown["verdict"])
        func faults(_ verdict: JSONValue?) -> [JSONValue]? {
            verdict?["checks"]?.array?.first { $0["id"] == "blocks" }?["cells"]?.array
        }
        #expect(honest.status == 0 && shown["end"] == "8 blocks, 0 without a result", "\(honest.output)")
        #expect(faults(verdict)?.isEmpty == true)
        #expect(verdict["answer"]?["values"]?.array?.count == 3 && verdict["answer"]?["rho"] == "0.09375")
        #expect(verdict["answer"]?["noise"] == verdict["cost"]?["noise"])
        let failing = try attempt(
            "block-shares",
            ["python3", "-c", "print('I am seen'); raise SystemExit(9)"],
            policy: policy
        )
        let failed = try #require(faults(result(failing)["verdict"]))
        #expect(failing.status == 7 && failed.count == 8 && failed[0].array == ["1", "exit status 9"])
        #expect(failing.output.contains("I am seen"), "mock runs show the whole log")
    }

    /// Tries a worked example.
    private func example(
        _ name: String,
        policy: String? = nil,
        data: [String] = documents("people"),
        _ program: String
    ) throws -> (status: Int32, result: JSONValue, output: String) {
        let images = TestPrograms.variable("GLOVEBOX_IMAGES").map { ["GLOVEBOX_IMAGES=" + $0] } ?? []
        let asked = ["try", Self.examples + name, "--policy", policy ?? name, "--image", "python", "--json"]
        let outcome = try TestPrograms.run(
            "glovebox",
            asked + data + ["--", "python3", "-c", program],
            environment: images
        )
        return (outcome.status, try result(outcome), outcome.output)
    }

    private static let examples = TestPrograms.repository + "/docs/examples/"

    private static func documents(_ name: String) -> [String] {
        ["--schema", examples + name + ".dataset.yaml", "--input-policy", examples + name + ".input.yaml"]
    }

    /// Reads what it is shown, and can write tensors.
    private static let start = """
        import collections, csv, json, struct
        def read(name):
            return list(csv.DictReader(open(f"/data/{name}/{name}.csv")))
        def tensors(name, weight, bias):
            shape = {"weight": [1, len(weight)], "bias": [1]}
            data = struct.pack(f"<{1 + len(weight)}f", *bias, *weight)
            header = json.dumps({n: {"dtype": "F32", "shape": shape[n], "data_offsets": [4 * (n == "weight"), at]}
                                 for n, at in (("bias", 4), ("weight", len(data)))}).encode()
            open("/out/" + name, "wb").write(struct.pack("<Q", len(header)) + header + data)

        """

    @Test func `a model and made-up rows are held against people of the twin whom the job did not see`() throws {
        let model = try example(
            "ml-model",
            Self.start + "assert len(read('people')) == 900\ntensors('model.safetensors', [0.0625], [-0.03125])\n"
        )
        #expect(model.status == 0 && model.result["verdict"]?["told"] == "under-review", "\(model.output)")
        #expect(model.result["verdict"]?["files"]?.array?.first?["name"] == "model.safetensors")
        let rows = try example(
            "synthetic-data",
            Self.start + """
                names = ["sex", "ward", "stays", "ill"]
                counts = collections.Counter(tuple(row[name] for name in names) for row in read("people"))
                common = [row for row, count in counts.items() if count >= 10]
                print(*[",".join(row) for row in [names] + common], sep="\\n", file=open("/out/synthetic.csv", "w"))

                """
        )
        #expect(rows.status == 0 && rows.result["verdict"]?["outcome"] == "review", "\(rows.output)")
        let copied = try example(
            "synthetic-data",
            Self.start + """
                lines = [line.split(",", 1)[1] for line in open("/data/people/people.csv")]
                open("/out/synthetic.csv", "w").write("".join(lines))

                """
        )
        let failed = try #require(copied.result["verdict"]?["checks"]?.array).filter { $0["outcome"] == "fail" }
        #expect(copied.status == 3 && failed.contains { $0["id"] == "row_leak" }, "\(copied.output)")
    }

    @Test func `a noisy answer of the twin is shown with what a real one would cost`() throws {
        let query = try example("dp-query", Self.start + "assert read('people') == []\n")
        let verdict = try #require(query.result["verdict"])
        #expect(query.status == 0 && verdict["cost"]?["rho"] == "0.005", "\(query.output)")
        #expect(verdict["answer"]?["noise"] == verdict["cost"]?["noise"], "what was told is what was drawn")
        #expect(verdict["answer"]?["cells"]?.array?.count == 1)
        let round = try example("fl-update", Self.start + "tensors('update.safetensors', [3000.0, 4000.0], [0.0])\n")
        #expect(round.status == 0 && round.result["verdict"]?["cost"]?["rho"] == "0.02", "\(round.output)")
        #expect(round.result["verdict"]?["files"]?.array?.first?["name"] == "update.safetensors")
        let wrong = try example("fl-update", Self.start + "tensors('update.safetensors', [1.0], [0.0])\n")
        #expect(
            wrong.status == 3 && wrong.result["verdict"]?["cost"]?["rho"] == "0.02",
            "charged whatever the job left"
        )
    }

    @Test func `a join is tried on both twins, and a plan without data on none`() throws {
        let program =
            Self.start + """
                ward = {row["who"]: row["ward"] for row in read("people")}
                counts = collections.Counter((ward[row["who"]], row["reason"]) for row in read("visits"))
                with open("/out/table.csv", "w") as out:
                    print("ward,reason,n", file=out)
                    for w in "abc":
                        for r in ("check", "pain", "other"):
                            print(w, r, counts[w, r], sep=",", file=out)

                """
        let both = Self.documents("people") + ["--join", Self.examples + "visits"]
        let joined = try example("join", policy: "aggregate-table", data: both, program)
        #expect(joined.status == 0 && joined.result["verdict"]?["outcome"] == "release", "\(joined.output)")
        let free = try example("no-private-data", data: [], "open('/out/report.txt', 'w').write('hello')")
        #expect(free.status == 0 && free.result["verdict"]?["data"] == "none", "\(free.output)")
        #expect(free.result["verdict"]?["files"]?.array?.first?["name"] == "0001-report.txt")
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
