import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Tasks of the task API from the request to the report.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct TaskReportTests {
    private static var limits: JSONReader.Limits {
        var limits = JSONReader.Limits()
        limits.hasFractions = true
        return limits
    }

    /// Asks with curl; `place` says how to reach the site.
    private func ask(_ place: [String], token: String, _ path: String, _ body: JSONValue? = nil) throws -> JSONValue {
        var arguments = ["-sS", "-H", "Authorization: Bearer " + token]
        if let body {
            arguments += [
                "-H", "Content-Type: application/json", "-d",
                String(decoding: CanonicalJSON.encode(body), as: UTF8.self),
            ]
        }
        let answer = try TestPrograms.run("/usr/bin/curl", arguments + place.dropLast() + [(place.last ?? "") + path])
        try #require(answer.status == 0, "\(answer.output)")
        return try JSONReader.read(Array(answer.output.utf8), limits: Self.limits)
    }

    /// The task when it has ended.
    private func ended(_ place: [String], token: String, _ id: String) throws -> JSONValue {
        let deadline = SystemClock.monotonicMilliseconds + 300_000
        while true {
            let task = try ask(place, token: token, "/v1/tasks/\(id)?view=FULL")
            let state = task["state"]?.string ?? ""
            if !["QUEUED", "INITIALIZING", "RUNNING"].contains(state) { return task }
            try #require(SystemClock.monotonicMilliseconds < deadline, "\(task)")
            usleep(100_000)
        }
    }

    @Test func `the report of a task names every command, and verifies`() throws {
        let site = try APISite()
        defer { site.stop() }
        let token = try site.person("alice", "researcher")
        let place = ["--cacert", site.certificate, site.url]
        func executor(_ script: String, ignoreError: Bool = false) -> JSONValue {
            [
                "image": "alpine", "command": ["sh", "-c", .string(script)], "workdir": "/task",
                "ignore_error": .bool(ignoreError),
            ]
        }
        let made = try ask(
            place,
            token: token,
            "/v1/tasks",
            [
                "executors": [
                    executor("echo one >/task/a"), executor("exit 3", ignoreError: true), executor("cat a a >/task/b"),
                ],
                "outputs": [["path": "/task/b", "url": "glovebox://release/b"]],
            ]
        )
        let id = try #require(made["id"]?.string, "\(made)")
        #expect(try ended(place, token: token, id)["state"]?.string == "COMPLETE")
        let target = try site.fetched(id)
        let report = try Descriptor.open(target + "/report.dsse.json", O_RDONLY).readAll(limit: 1 << 20)
        let payload = try #require(try JSONReader.read(report)["payload"]?.string.flatMap(Base64.decode))
        let invocation = try #require(try JSONReader.read(payload)["predicate"]?["invocation"])
        #expect(invocation["argv"]?.array?.last?.string == "echo one >/task/a")
        let further = invocation["further"]?.array ?? []
        #expect(further.map { $0["argv"]?.array?.last?.string } == ["exit 3", "cat a a >/task/b"])
        #expect(further.map { $0["ignoreError"]?.bool } == [true, false] && invocation["ran"]?.string == "3")
    }

    private static var cwl: String { (TestPrograms.variable("GLOVEBOX_THIRD_PARTY") ?? "") + "/cwl/bin/cwl-tes" }

    private static var hasCWL: Bool { unsafe access(cwl, X_OK) == 0 }

    @Test(.enabled(if: hasCWL, "needs cwl-tes; Tests/ThirdParty/prepare installs it"))
    func `cwl-tes runs a tool on a file, and finds its output where it asked for it`() throws {
        let root = try TestPrograms.scratch()
        let site = try APISite(settings: "tes: {file_roots: [\"\(root)\"]}")
        defer { site.stop() }
        let token = try site.person("alice", "researcher")
        func write(_ text: String, _ name: String) throws {
            try Descriptor.open("\(root)/\(name)", O_WRONLY | O_CREAT, mode: 0o600).write(Array(text.utf8))
        }
        try write(
            """
            cwlVersion: v1.0
            class: CommandLineTool
            baseCommand: [sh, -c]
            hints: {DockerRequirement: {dockerPull: alpine}}
            arguments: ["cat $(inputs.text.path) $(inputs.text.path) && echo more >more.txt"]
            inputs: {text: File}
            outputs:
              answer: {type: stdout}
              more: {type: File, outputBinding: {glob: more.txt}}
            stdout: answer.txt

            """,
            "tool.cwl"
        )
        try write("hello\n", "input.txt")
        // Its own --token takes JWTs alone; a password it has from .netrc, as all that is built on requests.
        try write("machine localhost login alice password \(token)\n", "netrc")
        let outcome = try TestPrograms.run(
            "/usr/bin/env",
            [
                "-C", root, Self.cwl, "--tes", site.url, "--outdir", root + "/out", "--tmp-outdir-prefix",
                root + "/tmp/", "--tmpdir-prefix", root + "/tmp/", "tool.cwl", "--text", "input.txt",
            ],
            environment: ["NETRC=\(root)/netrc", "REQUESTS_CA_BUNDLE=" + site.certificate, "HOME=" + root]
        )
        #expect(outcome.status == 0, "\(outcome.output.suffix(4000))")
        func text(_ name: String) throws -> String {
            String(decoding: try Descriptor.open("\(root)/out/\(name)", O_RDONLY).readAll(limit: 1000), as: UTF8.self)
        }
        #expect(try text("answer.txt") == "hello\nhello\n")
        #expect(try text("more.txt") == "more\n")
        // A directory that is not below a root is refused, with the member it is about.
        let place = ["--cacert", site.certificate, site.url]
        for url in ["file:///etc/passwd", "file://\(root)/../x", "file://\(root)x/y", "file://host\(root)/x"] {
            let refusal = try ask(
                place,
                token: token,
                "/v1/tasks",
                [
                    "executors": [["image": "alpine", "command": ["true"]]],
                    "inputs": [["path": "/in/x", "url": .string(url)]],
                ]
            )
            #expect(refusal["code"]?.string == "url.scheme" || refusal["status"] == .integer(400), "\(refusal)")
            #expect(refusal["errors"]?.array?.first?["code"]?.string == "url.scheme", "\(url): \(refusal)")
        }
        // Nor is a link followed.
        #expect(unsafe symlink("/etc", root + "/link") == 0)
        let linked = try ask(
            place,
            token: token,
            "/v1/tasks",
            [
                "executors": [["image": "alpine", "command": ["true"]]],
                "inputs": [["path": "/in/x", "url": .string("file://\(root)/link/passwd")]],
            ]
        )
        #expect(linked["code"]?.string == "input.missing", "\(linked)")
        let outward = try ask(
            place,
            token: token,
            "/v1/tasks",
            [
                "executors": [["image": "alpine", "command": ["sh", "-c", "echo x >/o/x"]]],
                "outputs": [["path": "/o/x", "url": .string("file://\(root)/link/evil")]],
            ]
        )
        let id = try #require(outward["id"]?.string, "\(outward)")
        let done = try ended(place, token: token, id)
        let isThere = unsafe access("/etc/evil", F_OK) == 0
        #expect(!isThere)
        let lines = done["logs"]?.array?.first?["system_logs"]?.array?.compactMap(\.string) ?? []
        #expect(lines.contains { $0.hasPrefix("Not every output was written") }, "\(done)")
    }

    @Test(.enabled(if: TestPrograms.image("python") != nil, "needs the image python"))
    func `a task on a dataset waits for its reviewer, runs on the data, and releases a checked table`() throws {
        let site = try ServedSite()
        defer { site.end() }
        let place = ["--unix-socket", site.state + "/api.sock", "http://site"]
        let line = String(
            decoding: try Descriptor.open(site.state + "/alice.token", O_RDONLY).readAll(limit: 1000),
            as: UTF8.self
        )
        let token = String(line.split(separator: "\n").first ?? "")
        let fixture = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs"
        func file(_ name: String) throws -> JSONValue {
            let bytes = try Descriptor.open(fixture + "/" + name, O_RDONLY).readAll(limit: 1 << 17)
            return ["path": .string("/job/code/" + name), "content": .string(String(decoding: bytes, as: UTF8.self))]
        }
        var task: [(String, JSONValue)] = [
            ("executors", [["image": "python", "command": ["python3", "main.py"], "workdir": "/job/code"]]),
            (
                "inputs",
                [
                    ["path": "/data/fair", "url": "glovebox://dataset/fair"], try file("main.py"),
                    try file("table.spec.json"),
                ]
            ),
            ("resources", ["backend_parameters": ["glovebox_policy": "demo-table", "glovebox_timeout_s": "15"]]),
        ]
        let made = try ask(place, token: token, "/v1/tasks", .object(JSONObject(task)))
        let id = try #require(made["id"]?.string, "\(made)")
        let deadline = SystemClock.monotonicMilliseconds + 120_000
        var waiting: JSONValue
        repeat {
            waiting = try ask(place, token: token, "/v1/tasks/\(id)?view=FULL")
            try #require(SystemClock.monotonicMilliseconds < deadline, "\(waiting)")
        } while waiting["logs"]?.array?.first?["metadata"]?["glovebox.waiting_code"]?.string != "approval.quorum"
        #expect(waiting["state"]?.string == "QUEUED")
        _ = try site.must(["approve", id, "--yes", "-m", "fine", "--profile", "rita"])
        let done = try ended(place, token: token, id)
        #expect(done["state"]?.string == "COMPLETE", "\(done)")
        let log = try #require(done["logs"]?.array?.first)
        // Nothing that the job wrote or did shows but the released file.
        #expect(log["metadata"]?["glovebox.logs"]?.string == "withheld")
        #expect(log["logs"]?.array?.first?["stdout"] == nil && log["logs"]?.array?.first?["start_time"] == nil)
        #expect(log["outputs"]?.array?.compactMap { $0["url"]?.string } == ["glovebox://release/table.csv"])
        let target = try TestPrograms.scratch() + "/results"
        _ = try site.must(["fetch", id, "-o", target, "--profile", "alice"])
        #expect(try Descriptor.open(target + "/table.csv", O_RDONLY).readAll(limit: 1 << 20).count > 20)
        // Data come by name alone.
        for url in ["gs://bucket/key", "file:///etc/passwd", "https://example.org/x", "ftp://example.org/x"] {
            task[1].1 = [["path": "/in", "url": .string(url)]]
            let refusal = try ask(place, token: token, "/v1/tasks", .object(JSONObject(task)))
            #expect(refusal["status"] == .integer(400), "\(refusal)")
            let error = try #require(refusal["errors"]?.array?.first, "\(refusal)")
            #expect(error["code"]?.string == "url.scheme" && error["pointer"]?.string == "/inputs/0/url", "\(refusal)")
        }
    }
}
