import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// A founded and served site with the image python, the demo's dataset, and people who have logged in.
struct ServedSite {
    /// The state directory; people's profiles stand in `people` in it.
    let state: String
    private let daemon: RunningProgram

    /// The demo's table.
    static let demoTable = (TestPrograms.variable("GLOVEBOX_DEMO_DATA") ?? "/nonexistent") + "/fair.csv"

    /// Founds and serves it; `quorum` reviewers have to approve a plan, and `owner`, or else the first operator, registers
    /// the dataset.
    init(
        state: String? = nil,
        table: String = demoTable,
        people: [(name: String, role: String)] = [("alice", "researcher"), ("rita", "reviewer")],
        quorum: Int = 1,
        owner: String? = nil,
        settings: String? = nil
    ) throws {
        self.state = try state ?? TestPrograms.scratch()
        let founding = [
            "init", "--state", self.state, "--name", "t", "--origin", "log.t.example", "--plan-quorum", "\(quorum)",
            "--demo",
        ]
        try #require(try TestPrograms.run("gloveboxd", founding).status == 0)
        if let settings {
            let file = self.state + "/gloveboxd.yaml"
            try Descriptor.open(file, O_WRONLY | O_CREAT, mode: 0o600).write(Array(settings.utf8))
        }
        let (daemon, output) = try TestPrograms.start("gloveboxd", ["serve", "--state", self.state, "--accept-disk"])
        self.daemon = daemon
        var line: [UInt8] = []
        while !String(decoding: line, as: UTF8.self).contains("ready") {
            let more = try output.read(upTo: 512)
            try #require(!more.isEmpty, "\(String(decoding: line, as: UTF8.self))")
            line += more
        }
        let image = try #require(TestPrograms.image("python"))
        _ = try must(["image", "add", image, "--name", "python", "--images", self.state + "/images"])
        for (name, role) in people {
            let token = "\(self.state)/\(name).token"
            _ = try must(["account", "add", name, "--role", role, "--token-out", token] + site)
            _ = try must(["login", "unix://\(self.state)/api.sock", "--token-file", token, "--profile", name])
        }
        let documents = TestPrograms.repository + "/Deploy/demo"
        _ = try must(
            [
                "dataset", "add", "fair", "--private", table, "--schema", documents + "/fair.dataset.yaml",
                "--input-policy", documents + "/fair.input.yaml",
            ] + (owner.map { ["--profile", $0] } ?? site)
        )
    }

    /// Ends the daemon.
    func end() {
        daemon.kill()
        do { _ = try daemon.wait() } catch {}
    }

    /// Arguments that make a command the first operator's.
    var site: [String] { ["--profile", state + "/operator"] }

    /// Hands in code as alice; the job's id.
    func submit(_ code: String, wall: String, _ command: [String]) throws -> String {
        let submitted = try must(
            [
                "submit", code, "--dataset", "fair", "--image", "python", "--policy", "demo-table", "--wall", wall,
                "--json", "--profile", "alice", "--",
            ] + command
        )
        return try #require(try JSONReader.read(Array(submitted.utf8))["id"]?.string)
    }

    /// Runs the command line with this site's people.
    func glovebox(_ arguments: [String]) throws -> TestPrograms.Outcome {
        try TestPrograms.run("glovebox", arguments, environment: ["GLOVEBOX_CONFIG=\(state)/people"])
    }

    /// What a command prints that must succeed.
    func must(_ arguments: [String]) throws -> String {
        let outcome = try glovebox(arguments)
        try #require(outcome.status == 0, "\(arguments): \(outcome.output)")
        return outcome.output
    }
}
