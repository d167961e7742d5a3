import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxLocalCommands

/// The demo's scenes, played with real commands.
struct DemoStory {
    let stage: DemoStage
    private let materials: DemoMaterials

    /// One line of the table at the end.
    struct Scene {
        let what: String
        let expected: String
        let happened: String
        let asExpected: Bool
    }

    private let nonce: NonceText?
    private let wantsTokens: Bool

    /// Sets the stage; nonce and tokens are for the report of the first job.
    init(stage: DemoStage, nonce: NonceText?, wantsTokens: Bool) throws(GloveboxError) {
        self.stage = stage
        self.nonce = nonce
        self.wantsTokens = wantsTokens
        materials = try DemoMaterials(directory: stage.state + "/demo")
    }

    /// Plays everything, `withStories` those of the other datasets, too; throws when a scene ended otherwise than it must.
    func play(withStories: Bool) throws(GloveboxError) {
        say("Glovebox demo: an emulated enclave on this host. Root on the host can see everything; the report says so.")
        try found()
        var scenes = [try release()]
        scenes.append(try verify())
        scenes.append(try editedCode())
        scenes.append(try rawRows())
        scenes.append(try breakOut())
        if withStories { scenes += try stories() }
        say("\nWHAT HAPPENED")
        for scene in scenes {
            say("  \(scene.asExpected ? "as it must" : "WRONG     ")  \(scene.what): \(scene.happened)")
        }
        say("\nWHERE THE FILES ARE")
        say("  released table and evidence   \(stage.state)/release")
        say("  trust files                   \(stage.state)/trust_config.json and its siblings")
        say("  transparency log              \(stage.state)/log")
        guard scenes.allSatisfy(\.asExpected) else {
            throw GloveboxError("demo.failed", "a scene ended otherwise than it must")
        }
    }

    // MARK: Scenes

    private func found() throws(GloveboxError) {
        title("A site is founded, people get accounts, the owner registers private data")
        try must(
            "gloveboxd",
            [
                "init", "--state", stage.state, "--name", "demo", "--origin", "log.demo.example", "--plan-quorum", "1",
                "--demo",
            ]
        )
        try must("glovebox", ["image", "add", stage.image, "--name", "python", "--images", stage.state + "/images"])
        try stage.start()
        let operators = ["--profile", stage.state + "/operator"]
        for (name, role) in [("alice", "researcher"), ("rita", "reviewer")] {
            let token = "\(stage.state)/demo/\(name).token"
            try must("glovebox", ["account", "add", name, "--role", role, "--token-out", token] + operators)
            try must("glovebox", ["login", "unix://\(stage.state)/api.sock", "--token-file", token, "--profile", name])
        }
        try must(
            "glovebox",
            [
                "dataset", "add", "fair", "--private", stage.data, "--schema", materials.schema, "--input-policy",
                materials.inputPolicy,
            ] + operators
        )
        let token = stage.state + "/operator/token"
        try must("glovebox", ["login", "unix://\(stage.state)/api.sock", "--token-file", token] + operators)
        try must("glovebox", ["workflow", "sign", "--yes"] + operators)
    }

    private func release() throws(GloveboxError) -> Scene {
        title("Alice submits code; Rita reads the plan and signs its digest; the site runs exactly that")
        let job = try submit(
            materials.honest,
            "how marriages are rated, by affairs or none",
            nonceOptions + (wantsTokens ? ["--eat"] : [])
        )
        try must("glovebox", ["show", job, "--profile", "rita"])
        try must("glovebox", ["approve", job, "--yes", "-m", "counts only", "--profile", "rita"])
        let status = try run("glovebox", ["status", job, "--wait", "--profile", "alice"]).status
        try must("glovebox", ["fetch", job, "-o", stage.state + "/release", "--profile", "alice"] + nonceOptions)
        say(String(decoding: try InputFile.bytes(stage.state + "/release/table.csv"), as: UTF8.self))
        return Scene(
            what: "approved code, permitted table",
            expected: "released",
            happened: status == 0 ? "released" : "not released",
            asExpected: status == 0
        )
    }

    private func verify() throws(GloveboxError) -> Scene {
        title("Anyone verifies the report, offline; then a byte is added to the table")
        let table = stage.state + "/release/table.csv"
        let arguments =
            [
                "verify", stage.state + "/release/report.dsse.json", "--trust", stage.state + "/trust_config.json",
                "--expect-code", materials.honest, "--accept", "emulated",
            ] + nonceOptions
        let good = try run("glovebox", arguments + [table]).status
        let copy = stage.state + "/demo/changed/table.csv"
        try OutputFile.makeDirectory(stage.state + "/demo/changed")
        try OutputFile.write(InputFile.bytes(table) + Array("x".utf8), to: copy)
        let bad = try run("glovebox", arguments + [copy]).status
        return Scene(
            what: "verification",
            expected: "verified, then refused",
            happened:
                "\(good == 0 ? "verified" : "refused"), the changed table \(bad == 1 ? "refused" : "not refused")",
            asExpected: good == 0 && bad == 1
        )
    }

    private func editedCode() throws(GloveboxError) -> Scene {
        title("Attack 1: an insider edits the stored code after it was approved")
        let operators = ["--profile", stage.state + "/operator"]
        let job = try submit(materials.second, "the same question for another report")
        try must("glovebox", ["pause", "-m", "maintenance"] + operators)
        try must("glovebox", ["approve", job, "--yes", "--profile", "rita"])
        let digest = try measure(materials.second)
        let blob = "\(stage.state)/blobs/\(digest)"
        say("$ edit \(blob)")
        try DemoMaterials.changeOneByte(of: blob)
        try must("glovebox", ["resume", "-m", "done"] + operators)
        let outcome = try run("glovebox", ["status", job, "--wait", "--profile", "alice"])
        let refused = outcome.status != 0 && outcome.output.contains("plan was approved for")
        return Scene(
            what: "code edited after approval",
            expected: "refused",
            happened: refused ? "refused with both digests, before any data was opened" : "status \(outcome.status)",
            asExpected: refused
        )
    }

    private func rawRows() throws(GloveboxError) -> Scene {
        title("Attack 2: approved by mistake, the code prints and writes raw rows")
        return try attack(materials.leak, "code that prints and writes raw rows", "nothing released: rows are no table")
    }

    private func breakOut() throws(GloveboxError) -> Scene {
        title("Attack 3: the code tries the network and a fork bomb")
        return try attack(materials.breakOut, "code that tries network and fork bomb", "contained, nothing released")
    }

    private func attack(_ code: String, _ what: String, _ good: String) throws(GloveboxError) -> Scene {
        let job = try submit(code, "nothing to see here")
        try must("glovebox", ["approve", job, "--yes", "--profile", "rita"])
        let status = try run("glovebox", ["status", job, "--wait", "--profile", "alice"]).status
        say("What the owner sees:")
        let owner = try run("glovebox", ["status", job, "--profile", stage.state + "/operator"])
        let fetched = "\(stage.state)/demo/\(job)"
        let receipt = try run("glovebox", ["fetch", job, "-o", fetched, "--profile", "alice"])
        let leaked = unsafe access(fetched + "/table.csv", F_OK) == 0
        let refused = (status == 3 || status == 7) && !leaked && receipt.status == 0 && owner.status == 0
        return Scene(
            what: what,
            expected: "refused",
            happened: refused ? good + "; the refusal has a signed report" : "status \(status)",
            asExpected: refused
        )
    }

    // MARK: Commands

    private var nonceOptions: [String] { nonce.map { ["--nonce", $0.text] } ?? [] }

    private func submit(
        _ code: String,
        _ purpose: String,
        _ options: [String] = []
    ) throws(GloveboxError) -> String {
        let outcome = try must(
            "glovebox",
            [
                "submit", code, "--dataset", "fair", "--image", "python", "--policy", "demo-table", "--wall", "5s",
                "-m", purpose, "--profile", "alice",
            ] + options + ["--", "python3", "main.py"]
        )
        return try Self.job(outcome)
    }

    /// The job that a submission names.
    static func job(_ outcome: DemoStage.Outcome) throws(GloveboxError) -> String {
        for line in outcome.output.split(separator: "\n") where line.hasPrefix("job ") {
            return String(line.split(separator: " ")[1])
        }
        throw GloveboxError("demo.failed", "submit named no job")
    }

    private func measure(_ code: String) throws(GloveboxError) -> String {
        let outcome = try stage.run("glovebox", ["measure", code, "--json"], show: false)
        let json = try JSONReader.read(Array(outcome.output.utf8))
        guard let digest = json["narSha256"]?.string ?? json["digest"]?["narSha256"]?.string else {
            throw GloveboxError("demo.failed", "measure named no digest")
        }
        return digest
    }

    func run(_ program: String, _ arguments: [String]) throws(GloveboxError) -> DemoStage.Outcome {
        say("$ \(program) \(arguments.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " "))")
        return try stage.run(program, arguments)
    }

    @discardableResult
    func must(_ program: String, _ arguments: [String]) throws(GloveboxError) -> DemoStage.Outcome {
        let outcome = try run(program, arguments)
        guard outcome.status == 0 else {
            throw GloveboxError("demo.failed", "\(program) \(arguments.first ?? "") left with status \(outcome.status)")
        }
        return outcome
    }

    func title(_ text: String) { say("\n=== \(text)") }

    func say(_ text: String) { JailReportText.write(text + "\n", to: 1) }
}
