import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// What reviewers and researchers see and do between submission and run, with the command line alone.
@Suite struct ReviewTests {
    private static let canRun =
        TestPrograms.image("python") != nil && TestPrograms.variable("GLOVEBOX_DEMO_DATA") != nil

    private func write(_ text: String, _ path: String) throws {
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).write(Array(text.utf8))
    }

    @Test(.enabled(if: canRun, "needs the image python and the demo's data"))
    func `a reviewer sees what changed since the last approved plan, and can take an approval back`() throws {
        let site = try ServedSite()
        defer { site.end() }
        let code = site.state + "/code"
        let original = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs"
        try #require(try TestPrograms.run("/bin/cp", ["-r", original, code]).status == 0)
        try write("import time\ntime.sleep(50)\n", code + "/main.py")
        let first = try site.submit(code, wall: "60s", ["python3", "main.py"])
        let rita = ["--profile", "rita"]
        let alone = try site.glovebox(["show", first, "--diff"] + rita)
        #expect(alone.status == 10 && alone.output.contains("no earlier plan"))
        _ = try site.must(["approve", first, "--yes"] + rita)
        _ = try phase(first, "running", site)

        try write("import time\ntime.sleep(51)\n", code + "/main.py")
        let second = try site.submit(code, wall: "70s", ["python3", "main.py", "\u{1b}[2J"])
        let shown = try site.must(["show", second, "--diff"] + rita)
        for line in [
            "core.executors[0].argv", "core.limits.wallSeconds", "core.files main.py", "- 2: time.sleep(50)",
            "+ 2: time.sleep(51)",
        ] { #expect(shown.contains(line), "\(line) is missing in:\n\(shown)") }
        #expect(!shown.contains("\u{1b}") && !shown.contains("table.spec.json"))
        let json = try JSONReader.read(Array(site.must(["show", second, "--diff", "--json"] + rita).utf8))
        #expect(json["before"]?["job"]?.string == first && json["changes"]?.array?.isEmpty == false)

        let waiting = try site.must(["status", second, "--profile", "alice"])
        #expect(waiting.contains("Waiting for 1 reviewer, since"))
        #expect(try site.glovebox(["revoke", second, "-m", "never given", "--yes"] + rita).status == 10)
        _ = try site.must(["revoke", first, "-m", "the purpose is another", "--yes"] + rita)
        let watched = try site.glovebox(["watch", first] + site.site)
        #expect(watched.status == 7 && watched.output.contains("cancelled"), "\(watched)")

        try write("print('\u{1b}[2Jhello')\nraise SystemExit(1)\n", code + "/main.py")
        let third = try site.submit(code, wall: "2s", ["python3", "main.py"])
        _ = try site.must(["approve", third, "--yes"] + rita)
        _ = try site.glovebox(["status", third, "--wait"] + site.site)
        var logs = try site.glovebox(["logs", third] + site.site)
        for _ in 0..<100 where logs.status == 10 {
            usleep(100_000)
            logs = try site.glovebox(["logs", third] + site.site)
        }
        #expect(logs.status == 0 && logs.output.contains("  \\u{1b}[2Jhello"), "\(logs)")
        for person in ["alice", "rita"] {
            let refused = try site.glovebox(["logs", third, "--profile", person])
            #expect(refused.status == 6 && !refused.output.contains("hello"), "\(refused)")
        }
    }

    /// Registers the demo's policy with two people's word on every release, as `by-people`.
    private func addPeoplePolicy(_ site: ServedSite) throws {
        let shipped = TestPrograms.repository + "/Policies/demo-table.yaml"
        let policy = String(decoding: try Descriptor.open(shipped, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
            .replacing("name: demo-table", with: "name: by-people")
            .replacing("auto: when-all-pass, otherwise: reject, reviewers: 1", with: "auto: never, otherwise: review")
        try write(policy, site.state + "/by-people.yaml")
        _ = try site.must(["policy", "add", site.state + "/by-people.yaml"] + site.site)
    }

    /// Submits a table of marriages, of all women or of those that the condition takes; the job's id.
    private func table(_ condition: String, _ site: ServedSite) throws -> String {
        let code = site.state + "/table"
        try #require(try TestPrograms.run("/bin/mkdir", ["-p", code]).status == 0)
        let spec = #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"table.csv","#
        let place = condition.isEmpty ? "" : #","where":[{"column":"age","op":"ge","value":"\#(condition)"}]"#
        try write(spec + #""group_by":["rate_marriage"]\#(place)}"#, code + "/table.spec.json")
        let program = """
            import csv
            counts = dict.fromkeys("12345", 0)
            for row in csv.DictReader(open("/data/fair/fair.csv")):
                counts[row["rate_marriage"]] += float(row["age"]) >= \(condition.isEmpty ? "0" : condition)
            print("rate_marriage,n", *(f"{k},{n}" for k, n in counts.items()), sep="\\n", file=open("/out/table.csv", "w"))

            """
        try write(program, code + "/main.py")
        let submitted = try site.must([
            "submit", code, "--dataset", "fair", "--image", "python", "--policy", "by-people", "--wall", "2s", "--json",
            "--profile", "alice", "--", "python3", "main.py",
        ])
        let job = try #require(try JSONReader.read(Array(submitted.utf8))["id"]?.string)
        _ = try site.must(["approve", job, "--yes", "--profile", "rita"])
        for _ in 0..<300 where try site.glovebox(["review", job, "--profile", "rita"]).status != 0 { usleep(100_000) }
        return job
    }

    @Test(.enabled(if: canRun, "needs the image python and the demo's data"))
    func `a reviewer sees which cells are others than in the release before`() throws {
        let site = try ServedSite(people: [("alice", "researcher"), ("rita", "reviewer"), ("rolf", "reviewer")])
        defer { site.end() }
        try addPeoplePolicy(site)
        let first = try table("", site)
        let alone = try site.must(["review", first, "--diff", "--profile", "rita"])
        #expect(alone.contains("the project's first release of this data"), "\(alone)")
        for person in ["rita", "rolf"] {
            _ = try site.must(["review", first, "--approve", "-m", "no small cell", "--profile", person])
        }
        _ = try site.must(["status", first, "--wait", "--profile", "alice"])
        let shown = try site.must(["review", try table("25", site), "--diff", "--profile", "rolf"])
        for line in ["since       \(first)", "~ table.csv", "  5 n: 2685 -> 1765"] {
            #expect(shown.contains(line), "\(line) is missing in:\n\(shown)")
        }
    }

    @Test(.enabled(if: canRun, "needs the image python and the demo's data"))
    func `reviewers send a release back, its researcher answers, and it leaves`() throws {
        let site = try ServedSite(people: [("alice", "researcher"), ("rita", "reviewer"), ("rolf", "reviewer")])
        defer { site.end() }
        try addPeoplePolicy(site)
        let job = try table("", site)
        let asked = "which \u{1b}[2Jwomen are these?"
        _ = try site.must(["review", job, "--return", "-m", asked, "--profile", "rita"])
        _ = try site.must(["review", job, "--approve", "-m", "no small cell", "--profile", "rolf"])
        _ = try phase(job, "returned", site)
        let status = try site.must(["status", job, "--profile", "alice"])
        for part in ["Waiting for the researcher", "asked", "which \\u{1b}[2Jwomen", "glovebox resubmit \(job)"] {
            #expect(status.contains(part), "\(part) is missing in:\n\(status)")
        }
        #expect(!status.contains("rita") && !status.contains("no small cell"))
        let nothing = try site.glovebox(["resubmit", job, "-m", "none", "--drop", "table.csv", "--profile", "alice"])
        #expect(nothing.status != 0 && nothing.output.contains("glovebox cancel"), "\(nothing)")
        #expect(try site.glovebox(["resubmit", job, "-m", "mine", "--profile", "rita"]).status == 6)
        _ = try site.must([
            "resubmit", job, "-m", "all who answered", "--about", "table.csv=marriages by rating", "--profile", "alice",
        ])
        let shown = try site.must(["review", job, "--profile", "rolf"])
        for part in ["return by", "all who answered", "table.csv: marriages by rating", "0 of 2"] {
            #expect(shown.contains(part), "\(part) is missing in:\n\(shown)")
        }
        for person in ["rita", "rolf"] {
            _ = try site.must(["review", job, "--approve", "-m", "clear now", "--profile", person])
        }
        let ended = try site.must(["status", job, "--wait", "--profile", "alice"])
        #expect(ended.contains("released"), "\(ended)")
    }

    private func phase(_ job: String, _ wanted: String, _ site: ServedSite) throws -> Bool {
        for _ in 0..<500 {
            let text = try site.must(["status", job, "--json", "--profile", "alice"])
            if try JSONReader.read(Array(text.utf8))["phase"]?.string == wanted { return true }
            usleep(20_000)
        }
        throw GloveboxError("test", "\(job) was never \(wanted)")
    }
}
