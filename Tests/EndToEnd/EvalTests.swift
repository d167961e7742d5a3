import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// `glovebox policy eval`: the release filter of every tier, on the worked examples and on what is made of them.
@Suite struct EvalTests {
    private static let examples = TestPrograms.repository + "/docs/examples/"
    private static let people = [
        "--schema", examples + "people.dataset.yaml", "--input-policy", examples + "people.input.yaml",
    ]

    private func run(_ arguments: [String]) throws -> (status: Int32, result: JSONValue) {
        let shown = try TestPrograms.run("glovebox", ["policy"] + arguments + ["--json"])
        let line = shown.output.split(separator: "\n").first { $0.hasPrefix("{") }
        return (shown.status, try JSONReader.read(Array(try #require(line, "\(shown.output)").utf8)))
    }

    /// Judges an example's outputs as a shell command leaves them.
    private func judge(
        _ example: String,
        _ change: String = "true",
        data: [String] = people,
        options: [String] = []
    ) throws -> (status: Int32, result: JSONValue) {
        let outputs = try TestPrograms.scratch() + "/outputs"
        let script = "cp -r \(Self.examples)\(example)/outputs \(outputs) && cd \(outputs) && (\(change))"
        let made = try TestPrograms.run("/bin/sh", ["-c", script])
        try #require(made.status == 0, "\(made.output)")
        let code = Self.examples + example
        return try run(["eval", "--policy", example, "--code", code, "--outputs", outputs] + data + options)
    }

    /// What the checks and the folder are refused for.
    private func reasons(_ verdict: JSONValue) -> [String] {
        let failed = (verdict["checks"]?.array ?? []).filter { $0["outcome"] == "fail" }.compactMap { $0["id"]?.string }
        return failed + (verdict["faults"]?.array ?? []).compactMap(\.string)
    }

    @Test(arguments: [
        ("aggregate-table", "sed -i 's/^a,/a,9/' table.csv", "mismatch"),
        ("figure", "echo no picture > figure.png", "figure"),
        ("figure", "ln -s table.csv other.csv", "undeclared-file"),
        ("dp-program", "mkdir 65", "undeclared-file"), ("dp-program", "mv 2 02", "undeclared-file"),
        ("dp-program", "rm -r 1 && ln -s 2 1", "not-a-directory"),
        ("dp-program", "rm -r 1 && mkfifo 1", "not-a-directory"),
        ("fl-update", "printf x >> update.safetensors", "parser"), ("fl-update", "rm *", "missing-output"),
        ("fl-update", "cp \(examples)ml-model/outputs/model.safetensors update.safetensors", "mismatch"),
        ("ml-model", "printf x > notes.bin", "undeclared-file"),
        ("ml-model", "ln -sf /etc/passwd model.safetensors", "not-a-regular-file"),
        ("ml-model", "truncate -s 100 model.safetensors", "parser"),
        ("ml-model", "cp \(examples)fl-update/outputs/update.safetensors model.safetensors", "mismatch"),
        ("synthetic-data", "rm * && mkfifo synthetic.csv", "not-a-regular-file"),
        ("synthetic-data", "truncate -s 1T synthetic.csv", "too-large"),
        ("synthetic-data", "echo f,a,1,perhaps >> synthetic.csv", "mismatch"),
        ("synthetic-data", "echo f,c,4,no >> synthetic.csv", "row_leak"),
    ])
    func `what a hostile job left is refused in every tier as at a site`(
        example: String,
        change: String,
        reason: String
    ) throws {
        let (status, verdict) = try judge(example, change)
        #expect(status == 3 && verdict["outcome"] == "refuse" && verdict["told"] == "not-released", "\(verdict)")
        #expect(reasons(verdict).contains(reason), "\(reasons(verdict))")
        #expect(verdict["files"]?.array?.isEmpty == true && verdict["bundle"] == nil)
    }

    @Test func `data for some purposes is judged for a project of one of them alone, as at a site`() throws {
        let input = try TestPrograms.scratch() + "/people.input.yaml"
        let text = try TestPrograms.run("/bin/sh", ["-c", "cat \(Self.examples)people.input.yaml"]).output
        try Descriptor.open(input, O_WRONLY | O_CREAT, mode: 0o600)
            .write(Array((text + "purposes: [teaching]\n").utf8))
        let data = ["--schema", Self.examples + "people.dataset.yaml", "--input-policy", input]
        for options in [[], ["--purpose-code", "audit"], ["--purpose-code", "Teaching"]] {
            let refused = try judge("dp-program", data: data, options: options)
            #expect(refused.status != 0 && refused.result["error"]?["code"] == "project.purpose", "\(options)")
        }
        #expect(try judge("dp-program", data: data, options: ["--purpose-code", "teaching"]).status == 0)
        #expect(try judge("dp-program", options: ["--purpose-code", "audit"]).status == 0, "any purpose will do")
    }

    @Test func `whatever a plan without private data leaves may leave, up to the policy's sizes`() throws {
        let (status, verdict) = try judge("no-private-data", "mkdir d && echo 1 > d/e", data: [])
        #expect(status == 0 && verdict["data"] == "none" && verdict["files"]?.array?.count == 2)
        let large = try judge("no-private-data", "truncate -s 20000000 large", data: [])
        #expect(large.status == 3 && reasons(large.result).count == 1, "\(large.result)")
        let people = try judge("no-private-data", data: Self.people)
        #expect(people.result["error"]?["code"] == "policy.not-enforced", "data of people never leaves unseen")
    }

    @Test(arguments: ["dp-program", "fl-update"])
    func `of a noisy answer the cost and the width of the noise are told, and none is drawn`(example: String) throws {
        let first = try judge(example)
        #expect(first.status == 0 && first.result["outcome"] == "release" && first.result["bundle"] == nil)
        #expect(first.result["answer"] == nil && first.result["files"]?.array?.isEmpty == true)
        #expect(first.result["cost"]?["rho"] == (example == "fl-update" ? "0.02" : "0.09375"))
        #expect(first.result["cost"]?["noise"]?.array?.allSatisfy { $0["accuracy95"] != nil } == true)
        #expect(try judge(example).result == first.result, "the same each time")
    }

    @Test func `a table is compared with earlier ones that are counted again from the data`() throws {
        let place = try TestPrograms.scratch()
        func write(_ name: String, _ text: String) throws -> String {
            try Descriptor.open(place + "/" + name, O_WRONLY | O_CREAT, mode: 0o600).write(Array(text.utf8))
            return place + "/" + name
        }
        // Thirty people in each ward, six of them with nine stays in ward c alone.
        let rows = (0..<90).map {
            "p\($0),\($0 % 2 == 0 ? "f" : "m"),\(["a", "b", "c"][$0 / 30]),\($0 >= 84 ? 9 : 1),no\n"
        }
        let head = "who,sex,ward,stays,ill\n"
        let whole = try write("whole.csv", head + rows.joined())
        let fewer = try write("fewer.csv", head + rows.dropLast(3).joined())
        func spec(_ name: String, _ filter: String) throws -> String {
            try write(
                name,
                #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"people","output":"table.csv","#
                    + #""group_by":["ward"],"where":[\#(filter)]}"#
            )
        }
        _ = try spec("table.spec.json", "")
        let few = try spec("few.json", #"{"column":"stays","op":"lt","value":"6"}"#)
        let women = try spec("women.json", #"{"column":"sex","op":"eq","value":"f"}"#)
        let outputs = try TestPrograms.scratch()
        try Descriptor.open(outputs + "/table.csv", O_WRONLY | O_CREAT, mode: 0o600)
            .write(Array("ward,n\na,30\nb,30\nc,30\n".utf8))
        func eval(_ options: [String]) throws -> (status: Int32, result: JSONValue) {
            try run(
                ["eval", "--policy", "aggregate-table", "--code", place, "--outputs", outputs, "--dataset", whole]
                    + Self.people + options
            )
        }
        func hits(_ verdict: JSONValue) -> String? {
            let failed = (verdict["checks"]?.array ?? []).filter { $0["outcome"] == "fail" }
            return failed.first { $0["id"] == "differencing" }?["detail"]?.string
        }
        #expect(try eval([]).status == 0)
        #expect(
            try eval(["--earlier", place, "--earlier", women]).status == 0,
            "the same table, and one of half of them"
        )
        let refused = try eval(["--earlier", women, "--earlier", few])
        let told = try #require(hits(refused.result), "\(refused.result)")
        #expect(refused.status == 3 && told.contains("differs by 6 units"))
        #expect(told.contains(few) && !told.contains(women))
        let version = try eval(["--earlier", place, "--earlier-dataset", fewer])
        #expect(version.status == 3 && hits(version.result)?.contains("differs by 3 units") == true)
        let asked = ["eval", "--policy", "dp-query", "--code", Self.examples + "dp-query", "--outputs", outputs]
        let query = try run(asked + Self.people + ["--earlier", few])
        #expect(query.result["error"]?["code"] == "filter.earlier")
        let missing = try eval(["--earlier", place + "/nothing"])
        #expect(missing.result["error"]?["code"] == "spec.missing", "\(missing.result)")
    }

    @Test func `a query is answered with its price, and refused when the policy allows no such price`() throws {
        let code = try TestPrograms.scratch()
        func ask(_ rho: String, _ kind: String = #""kind":"mean","column":"stays""#) throws -> JSONValue {
            let query =
                #"{"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"people","query":{\#(kind)},"rho":"\#(rho)"}"#
            try Descriptor.open(code + "/query.spec.json", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
                .write(Array(query.utf8))
            return try run(["eval", "--policy", "dp-query", "--code", code, "--outputs", code] + Self.people).result
        }
        let asked = try ask("0.005")
        #expect(asked["outcome"] == "release" && asked["cost"]?["rho"] == "0.005", "\(asked)")
        #expect(asked["cost"]?["noise"]?.array?.map { $0["of"] } == ["sum", "count"])
        #expect(try ask("0.5")["error"]?["code"] == "budget.per-query")
        #expect(try ask("0.005", #""kind":"mean","column":"who""#)["error"]?["code"] == "query.column")
    }

    @Test func `what is made of the rows that view shows of private data is held against those it withholds`() throws {
        let (whole, shown) = (try TestPrograms.scratch(), try TestPrograms.scratch())
        func view(_ policy: String, into directory: String, _ data: [String] = []) throws -> [Substring] {
            let code = Self.examples + policy
            let made = try run(["view", "--policy", policy, "--code", code, "--out", directory] + Self.people + data)
            #expect(made.status == 0, "\(made.result)")
            let text = try Descriptor.open(directory + "/people.csv", O_RDONLY).readAll(limit: 1 << 20)
            return String(decoding: text, as: UTF8.self).split(separator: "\n")
        }
        // The mock twin's rows stand for a private file.
        #expect(try view("aggregate-table", into: whole).count == 1201)
        let data = ["--dataset", whole + "/people.csv"]
        let rows = try view("ml-model", into: shown, data)
        #expect(rows.count == 901, "a quarter of the people is withheld")
        #expect(try view("ml-model", into: TestPrograms.scratch(), data) == rows, "the same people each time")
        let same = ["view", "--policy", "ml-model", "--code", Self.examples + "ml-model", "--out", shown]
        let again = try run(same + Self.people)
        #expect(again.result["error"]?["code"] == "output.write", "nothing is written over")
        for example in ["aggregate-table", "figure", "ml-model", "synthetic-data"] {
            let (status, verdict) = try judge(example, options: data)
            #expect(status == 0 && verdict["data"] == "private", "\(example): \(reasons(verdict))")
        }
        let cheating = try judge("synthetic-data", "cut -d, -f2- \(shown)/people.csv > synthetic.csv", options: data)
        #expect(cheating.status == 3 && reasons(cheating.result).contains("row_leak"), "\(reasons(cheating.result))")
    }

    @Test func `what a training states of its privacy is told, and refused when it states less than is true`() throws {
        let code = try TestPrograms.scratch()
        let claim = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/private-training/training.claim.json"
        func judge(_ change: String) throws -> JSONValue {
            let spec = Self.examples + "ml-model/model.spec.json"
            let script = "cp \(spec) \(code) && sed '\(change)' \(claim) > \(code)/training.claim.json"
            try #require(try TestPrograms.run("/bin/sh", ["-c", script]).status == 0)
            let outputs = Self.examples + "ml-model/outputs"
            return try run(["eval", "--policy", "ml-model", "--code", code, "--outputs", outputs] + Self.people).result
        }
        let told = try judge("")["checks"]?.array?.first { $0["id"] == "dp_claim" }
        #expect(told?["outcome"] == "pass" && told?["parameters"]?["status"] == "claim", "\(String(describing: told))")
        #expect(try judge("s/7.33/7.0/")["error"]?["code"] == "privacy.claim")
    }

    @Test func `a table over a join is judged over the join of both`() throws {
        let join = ["--join", Self.examples + "visits"]
        func judge(_ policy: String, _ code: String, _ options: [String]) throws -> (status: Int32, result: JSONValue) {
            let files = ["--code", Self.examples + code, "--outputs", Self.examples + "join/outputs"]
            return try run(["eval", "--policy", policy] + files + Self.people + options)
        }
        let joined = try judge("aggregate-table", "join", join)
        #expect(joined.status == 0 && joined.result["outcome"] == "release", "\(joined.result)")
        #expect(try judge("aggregate-table", "join", []).result["error"]?["code"] == "spec.join")
        #expect(try judge("ml-model", "ml-model", join).result["error"]?["code"] == "join.tier")
        #expect(try judge("aggregate-table", "fl-update", join).result["error"]?["code"] == "spec.missing")
    }
}
