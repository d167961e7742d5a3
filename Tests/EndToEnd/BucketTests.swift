import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Tasks on objects of an S3 service that checks signatures: moto.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct BucketTests {
    /// Such a service, with keys in the files `right` and `wrong`.
    private struct Service {
        let directory: String
        let url: String
        /// Access key and secret.
        let keys: [String]
        let server: RunningProgram
        var certificate: String { directory + "/s3.pem" }

        static var python: String { (TestPrograms.variable("GLOVEBOX_THIRD_PARTY") ?? "") + "/s3/bin/python" }
        static var scripts: String { TestPrograms.repository + "/Tests/ThirdParty/" }

        init(_ buckets: [String]) throws {
            directory = try TestPrograms.scratch()
            let certificate = directory + "/s3.pem"
            let made = try TestPrograms.run(
                "/usr/bin/openssl",
                ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
                    + [
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                        directory + "/s3.key",
                    ]
                    + ["-out", certificate]
            )
            try #require(made.status == 0, "\(made.output)")
            let (server, output) = try TestPrograms.start(
                Self.python,
                [Self.scripts + "s3_server", certificate, directory + "/s3.key"] + buckets,
                environment: ["PYTHONDONTWRITEBYTECODE=1"]
            )
            self.server = server
            var said = ""
            while !said.contains("ready ") || said.last != "\n" {
                let more = try output.read(upTo: 4096)
                try #require(!more.isEmpty, "\(said)")
                said += String(decoding: more, as: UTF8.self)
            }
            let line = try #require(said.split(separator: "\n").first { $0.hasPrefix("ready ") })
            let words = line.split(separator: " ").map(String.init)
            url = "https://localhost:\(words[1])"
            keys = Array(words[2...])
            for (name, secret) in [("right", words[3]), ("wrong", "wrong-secret")] {
                let text = "[default]\naws_access_key_id = \(words[2])\naws_secret_access_key = \(secret)\n"
                try Descriptor.open(directory + "/" + name, O_WRONLY | O_CREAT, mode: 0o600).write(Array(text.utf8))
            }
        }

        /// The section `tes` of a site's settings, with buckets and the files of their keys.
        func settings(_ buckets: [(name: String, keys: String)]) -> String {
            let list = buckets.map { bucket, keys in
                """

                    - bucket: \(bucket)
                      endpoint: "\(url)"
                      credentials: \(directory)/\(keys)
                      ca: \(certificate)
                """
            }
            return "tes:\n  s3:" + list.joined() + "\n"
        }

        /// Runs one of the scripts with the service and its keys.
        func run(_ script: String, _ arguments: [String], believing authorities: String) throws -> TestPrograms.Outcome
        {
            try TestPrograms.run(
                Self.python,
                [Self.scripts + script] + arguments + [url, certificate] + keys,
                environment: ["REQUESTS_CA_BUNDLE=" + authorities, "PYTHONDONTWRITEBYTECODE=1"]
            )
        }

        /// Puts a file into a bucket, or what is there into a file.
        func move(_ how: String, _ bucket: String, _ key: String, _ file: String) throws -> TestPrograms.Outcome {
            try run("bucket_object", [how, bucket, key, file], believing: certificate)
        }
    }

    @Test func `objects are read before a task starts and written when it is released, of the site's buckets alone`()
        throws
    {
        let service = try Service(["b-in", "b-out", "b-shut"])
        defer { service.server.kill() }
        let buckets = [("b-in", "right"), ("b-out", "right"), ("b-shut", "wrong")]
        let site = try APISite(settings: service.settings(buckets))
        defer { site.stop() }
        let token = try site.person("alice", "researcher")
        let outcome = try service.run("bucket_client.py", [site.url, token], believing: site.certificate)
        #expect(outcome.status == 0 && outcome.output.hasSuffix("DONE\n"), "\(outcome.output)")
    }

    @Test(.enabled(if: TestPrograms.image("python") != nil, "needs the image python"))
    func `what runs on private data is read when it is handed in, and what leaves is written where the plan says`()
        throws
    {
        let service = try Service(["b-in", "b-out"])
        defer { service.server.kill() }
        let site = try ServedSite(settings: service.settings([("b-in", "right"), ("b-out", "right")]))
        defer { site.end() }
        let token = try TestPrograms.run("/bin/cat", [site.state + "/alice.token"]).output.split(separator: "\n")[0]
        func ask(_ path: String, _ body: JSONValue? = nil) throws -> JSONValue {
            var arguments = ["-sS", "-H", "Authorization: Bearer \(token)"]
            if let body {
                let text = String(decoding: CanonicalJSON.encode(body), as: UTF8.self)
                arguments += ["-H", "Content-Type: application/json", "-d", text]
            }
            let place = ["--unix-socket", site.state + "/api.sock", "http://site" + path]
            let answer = try TestPrograms.run("/usr/bin/curl", arguments + place)
            var limits = JSONReader.Limits()
            limits.hasFractions = true
            return try JSONReader.read(Array(answer.output.utf8), limits: limits)
        }
        func task(_ code: String, _ outputs: [JSONValue]) -> JSONValue {
            func object(_ name: String) -> JSONValue {
                ["path": .string("/job/code/" + name), "url": .string("s3://\(code)/" + name)]
            }
            return [
                "executors": [["image": "python", "command": ["python3", "main.py"], "workdir": "/job/code"]],
                "inputs": [
                    ["path": "/data/fair", "url": "glovebox://dataset/fair"], object("main.py"),
                    object("table.spec.json"),
                ],
                "outputs": .array(outputs),
                "resources": ["backend_parameters": ["glovebox_policy": "demo-table", "glovebox_timeout_s": "15"]],
            ]
        }
        let fixture = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/"
        for name in ["main.py", "table.spec.json"] {
            let put = try service.move("put", "b-in", "code/" + name, fixture + name)
            try #require(put.status == 0, "\(put.output)")
        }
        let whole: JSONValue = [
            "path": "/out/*.csv", "path_prefix": "/out", "url": "s3://b-out/run", "type": "FILE",
        ]
        let made = try ask(
            "/v1/tasks",
            task("b-in/code", [["path": "/job/code/outputs/table.csv", "url": "s3://b-out/one.csv"], whole])
        )
        let id = try #require(made["id"]?.string, "\(made)")
        // What stands there later does not run, and who approves sees where the result goes.
        _ = try service.move("put", "b-in", "code/main.py", "/etc/hostname")
        let shown = try site.must(["show", id, "--files", "--profile", "rita"])
        #expect(shown.contains("/job/code/outputs/table.csv to s3://b-out/one.csv"), "\(shown)")
        #expect(shown.contains("to s3://b-out/run"), "\(shown)")
        #expect(try service.move("get", "b-out", "one.csv", "/dev/null").status != 0)
        let isWaiting = try eventually {
            try ask("/v1/tasks/\(id)?view=FULL")["logs"]?.array?.first?["metadata"]?["glovebox.waiting_code"]?.string
                == "approval.quorum"
        }
        try #require(isWaiting)
        _ = try site.must(["approve", id, "--yes", "-m", "fine", "--profile", "rita"])
        var done: JSONValue = .null
        let isDone = try eventually {
            done = try ask("/v1/tasks/\(id)?view=FULL")
            return !["QUEUED", "INITIALIZING", "RUNNING"].contains(done["state"]?.string ?? "")
        }
        #expect(isDone && done["state"]?.string == "COMPLETE", "\(done)")
        let urls = done["logs"]?.array?.first?["outputs"]?.array?.compactMap { $0["url"]?.string }
        let wanted = ["glovebox://release/table.csv", "s3://b-out/one.csv", "s3://b-out/run/table.csv"]
        #expect(urls == wanted, "\(done)")
        let target = try TestPrograms.scratch() + "/results"
        _ = try site.must(["fetch", id, "-o", target, "--profile", "alice"])
        for key in ["one.csv", "run/table.csv"] {
            let got = try service.move("get", "b-out", key, target + "/object")
            #expect(got.status == 0, "\(got.output)")
            #expect(try TestPrograms.run("/usr/bin/cmp", [target + "/object", target + "/table.csv"]).status == 0)
        }
        // Nothing but what a policy let go can be named, no bucket but the site's, and no object that is not there.
        for (path, code) in [
            ("/data/fair", "path.invalid"), ("/tmp/x", "path.invalid"), ("/outside/x", "path.invalid"),
        ] {
            let refused = try ask("/v1/tasks", task("b-in/code", [["path": .string(path), "url": "s3://b-out/x"]]))
            #expect(refused["errors"]?.array?.first?["code"]?.string == code, "\(refused)")
        }
        #expect(try ask("/v1/tasks", task("b-none/code", []))["code"]?.string == "s3.bucket")
        #expect(try ask("/v1/tasks", task("b-in/none", []))["code"]?.string == "input.missing")
    }
}
