import Glibc
import GloveboxCore
import TestSupport
import Testing

/// Projects as people work with them: the programs, and the command line alone.
@Suite struct ProjectTests {
    private static let canRun =
        TestPrograms.image("python") != nil && TestPrograms.variable("GLOVEBOX_DEMO_DATA") != nil

    @Test(.enabled(if: canRun, "needs the image python and the demo's data"))
    func `a project's life by the command line, from its proposal to its close`() throws {
        let people = [("olga", "owner"), ("alice", "researcher"), ("bob", "researcher"), ("rita", "reviewer")]
        let site = try ServedSite(people: people, owner: "olga")
        defer { site.end() }
        func profile(_ name: String) -> [String] { ["--profile", name] }
        let made = try site.must(
            [
                "project", "create", "flu", "--purpose", "Who falls ill", "--variable", "age", "--output", "a table",
                "--dataset", "fair", "--member", "alice:researcher", "--member", "rita:reviewer", "--runs", "1",
                "--ends", "2099-01-01T00:00:00Z",
            ] + profile("olga")
        )
        #expect(made.contains("flu, open") && made.contains("rita (reviewer)"))
        // Nobody else may.
        let created = try site.glovebox(["project", "create", "gout", "--purpose", "p"] + profile("alice"))
        #expect(created.status == 6)

        let code = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs"
        func submit(_ project: String, by name: String) throws -> TestPrograms.Outcome {
            try site.glovebox(
                [
                    "submit", code, "--dataset", "fair", "--image", "python", "--policy", "demo-table", "--project",
                    project, "--json", "--profile", name, "--", "python3", "main.py",
                ]
            )
        }
        #expect(try submit("gout", by: "alice").output.contains("project.unknown"))
        #expect(try submit("flu", by: "bob").output.contains("project.unknown"))
        #expect(try site.must(["project", "list"] + profile("bob")).contains("flu") == false)
        let first = try submit("flu", by: "alice")
        #expect(first.status == 0, "\(first.output)")
        let job = try #require(try JSONReader.read(Array(first.output.utf8))["id"]?.string)
        // Not before its start grace is over.
        var inbox = ""
        for _ in 0..<600 {
            inbox = try site.must(["inbox"] + profile("rita"))
            if inbox.contains(job) { break }
            usleep(100_000)
        }
        #expect(inbox.contains("for flu on fair"))
        #expect(try site.must(["show", job] + profile("rita")).contains("Who falls ill"))
        #expect(try submit("flu", by: "alice").output.contains("quota.exceeded"))
        let shown = try site.must(["project", "show", "flu", "--json"] + profile("alice"))
        let json = try JSONReader.read(Array(shown.utf8))
        #expect(json["used"]?["queued"] == "1" && json["project"]?["quota"]?["runs"] == "1")
        #expect(!shown.contains("rita"), "who asks is not told who decides")

        _ = try site.must(["project", "set", "flu", "--runs", "5"] + profile("olga"))
        _ = try site.must(["project", "add", "flu", "--member", "bob:researcher"] + profile("olga"))
        #expect(try submit("flu", by: "bob").status == 0)
        _ = try site.must(["project", "remove", "flu", "--member", "bob"] + profile("olga"))
        _ = try site.must(["project", "pause", "flu", "-m", "a question"] + profile("olga"))
        _ = try site.must(["project", "resume", "flu", "-m", "answered"] + profile("olga"))
        _ = try site.must(["project", "close", "flu", "-m", "done"] + profile("olga"))
        #expect(try site.glovebox(["status", job, "--wait"] + profile("alice")).status != 0)
        let status = try site.must(["status", job, "--json"] + profile("alice"))
        #expect(status.contains("expired") && status.contains("project.closed"), "\(status)")
        #expect(try submit("flu", by: "alice").output.contains("project.closed"))
    }
}
