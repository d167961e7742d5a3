import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// The main job with the real programs, a real site, real data and a real jail.
@Suite(.serialized) struct MainJobTests {
    private func glovebox(_ arguments: [String], _ environment: [String] = []) throws -> TestPrograms.Outcome {
        try TestPrograms.run("glovebox", arguments, environment: environment)
    }

    private var data: String { (TestPrograms.variable("GLOVEBOX_DEMO_DATA") ?? "/nonexistent") + "/fair.csv" }

    private func image() throws -> String {
        let shown = try glovebox(["image", "show", "python", "--json"], Self.store)
        return try #require(try JSONReader.read(Array(shown.output.utf8))["path"]?.string)
    }

    private static var store: [String] {
        TestPrograms.variable("GLOVEBOX_IMAGES").map { ["GLOVEBOX_IMAGES=" + $0] } ?? []
    }

    @Test func `the demo releases, verifies, and refuses all three attacks; then the evidence stands alone`() throws {
        let state = try TestPrograms.scratch()
        let demo = try glovebox(["demo", "--state", state, "--data", data, "--image", image()])
        #expect(demo.status == 0, "\(demo.output)")
        #expect(demo.output.components(of: "as it must") == 5)

        // Nothing is missing from the log, and it tells what left; what was refused to a run on private data, its owner.
        let signer = try NoteSigner(
            parsing: String(decoding: LogOnDisk.read(state + "/keys/log/log.key"), as: UTF8.self)
        )
        let log = ["--log", state + "/log", "--key", signer.key.vkey]
        let gaps = try glovebox(["audit", "gaps"] + log)
        #expect(gaps.status == 0, "\(gaps.output)")
        let shown = try glovebox(["audit", "show"] + log).output
        let released = try #require(shown.split(separator: "\n").first { $0.contains("released the outputs") })
        let job = try #require(released.split(separator: " ").first { $0.hasPrefix("job_") })
        let story = try glovebox(["audit", "job", String(job)] + log)
        #expect(story.status == 0 && story.output.contains("approved the outputs"), "\(story.output)")
        #expect(story.output.contains("size not shown: it stands in a private body") && story.output.contains("1 run;"))
        #expect(!shown.contains("refused system calls of the run") && shown.contains("[job.killed]"))
        #expect(shown.contains("[not-released]"))

        let report = state + "/release/report.dsse.json"
        let table = state + "/release/table.csv"
        let code = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs"
        let arguments = ["verify", report, "--trust", state + "/trust_config.json", "--expect-code", code]
        #expect(try glovebox(arguments + ["--accept", "emulated", table]).status == 0)
        let emulated = try glovebox(arguments + [table])
        #expect(emulated.status == 1 && emulated.output.contains("assurance.emulated"))

        let reader = [TestPrograms.repository + "/docs/verify-report.py", report, state + "/release/att.pub", table]
        #expect(try TestPrograms.run("/usr/bin/python3", reader).status == 0)

        try Descriptor.open(table, O_WRONLY | O_APPEND).write(Array("x".utf8))
        let changed = try glovebox(arguments + ["--accept", "emulated", "--json", table])
        #expect(changed.status == 1)
        #expect(try JSONReader.read(Array(changed.output.utf8))["reason"]?.string == "output.mismatch")

        let other = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/leak-rows"
        let wrong = ["verify", report, "--trust", state + "/trust_config.json", "--expect-code", other]
        #expect(try glovebox(wrong + ["--accept", "emulated"]).output.contains("code.mismatch"))
        #expect(try glovebox(["verify", report + ".missing", "--trust", state + "/trust_config.json"]).status == 2)
    }

    @Test func `the demo's four stories are played with real jobs, and tell what was released and what refused`() throws
    {
        let state = try TestPrograms.scratch()
        let demo = try glovebox(["demo", "--story", "--state", state, "--data", data, "--image", image()])
        #expect(demo.status == 0, "\(demo.output)")
        #expect(demo.output.components(of: "as it must") == 10, "\(demo.output)")
        for told in [
            "a mean of 20190 person-years: released with noise", "refused before anyone was asked",
            "released by two reviewers", "refused before any reviewer saw it", "k is 1 by age",
        ] { #expect(demo.output.contains(told), "\(told)") }
        // Queries and models have reports, too, which anyone can verify.
        for (folder, file) in [("answer", "answer.json"), ("model", "model.safetensors")] {
            let report = "\(state)/\(folder)/report.dsse.json"
            let verdict = try glovebox([
                "verify", report, "--trust", state + "/trust_config.json", "--accept", "emulated",
                "--expect-code", state + "/demo/" + (folder == "answer" ? "mean" : folder),
                "\(state)/\(folder)/\(file)",
            ])
            #expect(verdict.status == 0, "\(verdict.output)")
        }
    }

    @Test func `a supervisor killed in mid-run leaves nothing behind, and the job ends as interrupted`() throws {
        let state = try TestPrograms.scratch()
        let people = ["GLOVEBOX_CONFIG=\(state)/people"]
        let founding = [
            "init", "--state", state, "--name", "t", "--origin", "log.t.example", "--plan-quorum", "1", "--demo",
        ]
        #expect(try TestPrograms.run("gloveboxd", founding).status == 0)
        func must(_ arguments: [String]) throws -> String {
            let outcome = try glovebox(arguments, people)
            try #require(outcome.status == 0, "\(arguments): \(outcome.output)")
            return outcome.output
        }
        _ = try must(["image", "add", image(), "--name", "python", "--images", state + "/images"])
        func serve() throws -> (RunningProgram, Descriptor) {
            let started = try TestPrograms.start("gloveboxd", ["serve", "--state", state, "--accept-disk"])
            var line: [UInt8] = []
            while !String(decoding: line, as: UTF8.self).contains("ready") {
                let more = try started.1.read(upTo: 512)
                try #require(!more.isEmpty, "\(String(decoding: line, as: UTF8.self))")
                line += more
            }
            return started
        }
        var daemon = try serve()
        let site = ["--profile", state + "/operator"]
        for (name, role) in [("alice", "researcher"), ("rita", "reviewer")] {
            _ = try must(["account", "add", name, "--role", role, "--token-out", "\(state)/\(name).token"] + site)
            _ = try must([
                "login", "unix://\(state)/api.sock", "--token-file", "\(state)/\(name).token", "--profile", name,
            ])
        }
        let documents = TestPrograms.repository + "/Deploy/demo"
        _ = try must(
            [
                "dataset", "add", "fair", "--private", data, "--schema", documents + "/fair.dataset.yaml",
                "--input-policy",
                documents + "/fair.input.yaml",
            ] + site
        )
        let code = state + "/code"
        #expect(unsafe mkdir(code, 0o755) == 0)
        let marker = "5432\(getpid())"
        let program = "import os\nos.execvp('sleep', ['sleep', '\(marker)'])\n"
        try Descriptor.open(code + "/main.py", O_WRONLY | O_CREAT, mode: 0o644).write(Array(program.utf8))
        let spec = try Descriptor.open(
            TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/table.spec.json",
            O_RDONLY
        )
        try Descriptor.open(code + "/table.spec.json", O_WRONLY | O_CREAT, mode: 0o644).write(
            spec.readAll(limit: 10000)
        )
        let submitted = try must([
            "submit", code, "--dataset", "fair", "--image", "python", "--policy", "demo-table", "--wall", "60s",
            "--json",
            "--profile", "alice", "--", "python3", "main.py",
        ])
        let job = try #require(try JSONReader.read(Array(submitted.utf8))["id"]?.string)

        // Who wrote a plan has no vote on it, and a researcher has none at all.
        #expect(try glovebox(["approve", job, "--yes", "--profile", "alice"], people).status == 6)
        _ = try must(["approve", job, "--yes", "--profile", "rita"])
        func running() throws -> Bool {
            try TestPrograms.run("/usr/bin/pgrep", ["-f", "^sleep \(marker)"]).status == 0
        }
        let isRunning = try eventually(running)
        let status = try glovebox(["status", job, "--json"] + site, people).output
        try #require(isRunning, "\(status)")

        daemon.0.kill()
        _ = try daemon.0.wait()
        #expect(try eventually { try !running() }, "the jail outlived its supervisor")
        daemon = try serve()
        defer {
            daemon.0.kill()
            do { _ = try daemon.0.wait() } catch {}
        }
        #expect(
            try eventually {
                try JSONReader.read(Array(must(["status", job, "--json"] + site).utf8))["phase"]?.string == "errored"
            }
        )
        let mounts = try TestPrograms.run("/bin/cat", ["/proc/self/mountinfo"]).output
        #expect(!mounts.contains(state))
        // Tiles follow the journal within a second, and a partial one goes when it grows.
        func isLogged() throws -> Bool {
            try TestPrograms.run("/bin/grep", ["-rqaE", "\"job.interrupted\"", state + "/log/tile"]).status == 0
        }
        #expect(try eventually(isLogged), "the log does not say that the run was interrupted")
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
