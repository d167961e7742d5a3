import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Servers of others that a site tells what happens.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct WebhookTests {
    /// A site with alice, a researcher, and bob, another, each at the command line.
    private struct Stage {
        let tasks: TaskSite
        let receiver: WebhookReceiver
        var site: APISite { tasks.site }

        init(allowing nets: String) throws {
            receiver = try WebhookReceiver()
            try receiver.start()
            tasks = try TaskSite(settings: "webhooks: {ca: \(receiver.authority), allow_private_nets: [\(nets)]}")
            _ = try site.person("bob", "researcher")
            for name in ["alice", "bob"] {
                let file = "\(site.state)/\(name).token"
                let login = try glovebox(name, ["login", "unix://\(site.state)/api.sock", "--token-file", file])
                try #require(login.status == 0, "\(login.output)")
            }
        }

        func stop() {
            site.stop()
            receiver.stop()
        }

        func glovebox(_ name: String, _ arguments: [String]) throws -> TestPrograms.Outcome {
            let people = ["GLOVEBOX_CONFIG=\(site.state)/people"]
            return try TestPrograms.run("glovebox", arguments + ["--profile", name], environment: people)
        }

        /// Adds a webhook that the receiver answers in a way; its id.
        func add(_ person: String, _ what: String, _ name: String, _ events: [String] = []) throws -> String {
            let out = ["--secret-out", receiver.secret(name), "--json"]
            let wanted = events.flatMap { ["--event", $0] }
            let made = try glovebox(person, ["webhook", "add", receiver.url(what, name)] + wanted + out)
            try #require(made.status == 0, "\(made.output)")
            return try #require(try JSONReader.read(Array(made.output.utf8))["id"]?.string)
        }

        /// The phases that a webhook was told of a job, in order.
        func phases(_ name: String, of job: String) throws -> [String] {
            try receiver.messages(name).filter { $0["job"]?.string == job && $0["type"]?.string == "job.phase" }
                .compactMap { $0["phase"]?.string }
        }
    }

    private static let phases = [
        "accepted", "queued", "staging", "running", "checking", "releasing", "released",
    ]

    @Test func `a webhook is told what its account may see, signed, and every phase over kill -9 on both sides`() throws
    {
        let stage = try Stage(allowing: "127.0.0.0/8, \"::1\"")
        defer { stage.stop() }
        let id = try stage.add("alice", "ok", "alice")
        _ = try stage.add("bob", "ok", "bob")
        _ = try stage.add("alice", "ok", "ready", ["release.ready"])
        let trial = try stage.glovebox("alice", ["webhook", "test", id])
        #expect(trial.status == 0 && trial.output.contains("delivered  status 204"), "\(trial.output)")
        let first = try stage.tasks.submit("echo private-words > b")
        #expect(try stage.tasks.becomes("COMPLETE", first))
        #expect(try eventually { try stage.phases("alice", of: first) == Self.phases })
        // The receiver is gone while things happen, and the site is killed before it could tell them.
        stage.receiver.stop()
        let second = try stage.tasks.submit("echo 2 > b")
        #expect(try stage.tasks.becomes("COMPLETE", second))
        let failing = try eventually {
            try stage.glovebox("alice", ["webhook", "list"]).output.contains("failing since")
        }
        #expect(failing)
        try stage.site.restart()
        try stage.receiver.start()
        #expect(try eventually { try stage.phases("alice", of: second) == Self.phases })
        #expect(try eventually { try stage.receiver.messages("ready").count == 2 })
        #expect(try stage.receiver.messages("ready").allSatisfy { $0["type"]?.string == "release.ready" })
        #expect(try stage.receiver.messages("bob").isEmpty, "bob has no part in alice's jobs")
        for message in try stage.receiver.messages("alice") {
            let members = try #require(message.object).names
            #expect(Set(members).isSubset(of: ["id", "type", "site", "at", "job", "project", "phase", "waiting"]))
            #expect(!"\(message)".contains("alice") && !"\(message)".contains("private-words"), "\(message)")
        }
        #expect(try stage.glovebox("bob", ["webhook", "remove", id]).status == 10, "it is not bob's")
        #expect(try stage.glovebox("alice", ["webhook", "remove", id]).status == 0)
        let third = try stage.tasks.submit("echo 3 > b")
        #expect(try stage.tasks.becomes("COMPLETE", third))
        #expect(try eventually { try stage.receiver.messages("ready").count == 3 })
        #expect(try stage.phases("alice", of: third).isEmpty, "what was removed is told nothing")
    }

    @Test func `a receiver that hangs, floods, fails or redirects holds nothing up, and is not followed`() throws {
        let stage = try Stage(allowing: "127.0.0.0/8, \"::1\"")
        defer { stage.stop() }
        let ids = try ["hang", "flood", "fail", "redirect"].map { try stage.add("alice", $0, $0, ["job.phase"]) }
        _ = try stage.add("alice", "ok", "ok", ["job.phase"])
        let job = try stage.tasks.submit("echo 1 > b")
        #expect(try stage.tasks.becomes("COMPLETE", job))
        #expect(try eventually { try stage.phases("ok", of: job) == Self.phases })
        // An answer is not read, and its connection ends at once.
        #expect(try eventually { try stage.receiver.cuts("flood").count >= Self.phases.count })
        let cuts = try stage.receiver.cuts("flood")
        #expect(cuts.allSatisfy { $0 < 3000 }, "\(cuts)")
        #expect(try eventually { try stage.receiver.lines("redirect").count >= 1 })
        let followed = try stage.receiver.lines("redirect").filter { $0["what"]?.string != "redirect" }
        #expect(followed.isEmpty, "\(followed)")
        let codes = ["webhook.timeout", "delivered", "webhook.refused  status 500", "webhook.refused  status 307"]
        for (id, code) in zip(ids, codes) {
            var said = ""
            // Another message may be on its way.
            let isAsSaid = try eventually {
                said = try stage.glovebox("alice", ["webhook", "test", id]).output
                return said.contains(code)
            }
            #expect(isAsSaid, "\(code): \(said)")
        }
        // A receiver that hangs keeps no daemon from ending.
        _ = try stage.add("alice", "hang", "last", ["job.phase"])
        let last = try stage.tasks.submit("echo 1 > b")
        #expect(try eventually { try !stage.receiver.lines("last").isEmpty }, "\(last)")
        let before = SystemClock.monotonicMilliseconds
        try stage.site.end()
        #expect(SystemClock.monotonicMilliseconds - before < 8000)
    }

    @Test func `a webhook goes to no private address unless the operator allows it, and over TLS alone`() throws {
        let stage = try Stage(allowing: "")
        defer { stage.stop() }
        func refused(_ url: String, _ code: String) throws {
            let out = ["--secret-out", stage.site.state + "/none"]
            let outcome = try stage.glovebox("alice", ["webhook", "add", url] + out)
            #expect(outcome.status == 3 && outcome.output.contains(code), "\(url): \(outcome)")
        }
        for url in [
            "http://receiver.example/", "https://", "https://a@receiver.example/", "https://receiver.example/#x",
            "https://0x7f.1/", "https://127.1/", "https://2130706433/", "https://r.example:0/", "ftp://r.example/",
        ] { try refused(url, "webhook.url") }
        for url in [
            "https://127.0.0.1:\(stage.receiver.port)/ok/x", "https://[::1]/", "https://[::ffff:10.0.0.1]/",
            "https://10.0.0.1/", "https://169.254.169.254/latest", "https://[fe80::1]/", "https://100.64.0.1/",
        ] { try refused(url, "webhook.address") }
        // A name is looked up when something is sent.
        let id = try stage.add("alice", "ok", "named")
        let job = try stage.tasks.submit("echo 1 > b")
        #expect(try stage.tasks.becomes("COMPLETE", job))
        var said = ""
        let isRefused = try eventually {
            said = try stage.glovebox("alice", ["webhook", "test", id]).output
            return said.contains("webhook.address")
        }
        #expect(isRefused, "\(said)")
        #expect(try stage.receiver.lines("named").isEmpty)
    }
}
