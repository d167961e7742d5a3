import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxLocalCommands

/// The stories of the other datasets: noisy answers about health insurance, a model of tumours, and what a trial's file gives
/// away by itself.
extension DemoStory {
    private var directory: String { stage.state + "/demo" }
    private var operators: [String] { ["--profile", stage.state + "/operator"] }

    /// Plays them, in the site that the first story founded.
    func stories() throws(GloveboxError) -> [Scene] {
        let files = try DemoFiles(directory: directory, beside: stage.data)
        var scenes = try queries(files)
        scenes += try model(files)
        scenes.append(try linkage(files))
        return scenes
    }

    private func register(_ name: String, _ files: DemoFiles) throws(GloveboxError) {
        try must(
            "glovebox",
            [
                "dataset", "add", name, "--private", try files.data(name), "--schema",
                "\(directory)/\(name).dataset.yaml",
                "--input-policy", "\(directory)/\(name).input.yaml",
            ] + operators
        )
    }

    private func submission(
        _ code: String,
        _ dataset: String,
        _ policy: String,
        _ purpose: String
    ) -> [String] {
        [
            "submit", code, "--dataset", dataset, "--image", "python", "--policy", policy, "--wall", "20s", "-m",
            purpose,
            "--profile", "alice", "--", "python3", "main.py",
        ]
    }

    private func approved(
        _ code: String,
        _ dataset: String,
        _ policy: String,
        _ purpose: String
    ) throws(GloveboxError) -> String {
        let job = try Self.job(must("glovebox", submission(code, dataset, policy, purpose)))
        try must("glovebox", ["approve", job, "--yes", "-m", "as asked", "--profile", "rita"])
        return job
    }

    private func queries(_ files: DemoFiles) throws(GloveboxError) -> [Scene] {
        title("Health insurance: the site answers with noise, and the budget has room for one question")
        say("The file has no id of a person, who stands in several rows: what is protected is one person-year.")
        try register("randhie", files)
        try must("glovebox", ["policy", "add", files.queryPolicy] + operators)
        let job = try approved(files.mean, "randhie", "demo-query", "visits to a physician in a year")
        let status = try run("glovebox", ["status", job, "--wait", "--profile", "alice"]).status
        let answer = stage.state + "/answer"
        var text = ""
        if status == 0 {
            try must("glovebox", ["fetch", job, "-o", answer, "--profile", "alice"])
            text = String(decoding: try InputFile.bytes(answer + "/answer.json"), as: UTF8.self)
            say(text)
        }
        let dear = try run("glovebox", submission(files.histogram, "randhie", "demo-query", "how they feel"))
        return [
            Scene(
                what: "a mean of 20190 person-years",
                expected: "released with noise",
                happened: status == 0 ? "released with noise, at rho 0.005" : "not released",
                asExpected: status == 0 && text.contains("discrete-gaussian")
            ),
            Scene(
                what: "a second question to the same people",
                expected: "refused",
                happened: dear.status == 0 ? "taken" : "refused before anyone was asked: the budget has no room",
                asExpected: dear.status != 0
            ),
        ]
    }

    private func model(_ files: DemoFiles) throws(GloveboxError) -> [Scene] {
        title(
            "Tumours: a model is tried on people it never saw, and two reviewers decide without seeing each other's word"
        )
        try register("breast", files)
        try must("glovebox", ["policy", "add", files.modelPolicy] + operators)
        let token = directory + "/rolf.token"
        try must("glovebox", ["account", "add", "rolf", "--role", "reviewer", "--token-out", token] + operators)
        try must("glovebox", ["login", "unix://\(stage.state)/api.sock", "--token-file", token, "--profile", "rolf"])
        let job = try approved(files.model, "breast", "demo-model", "benign or malignant")
        let isSealed = try waitForReview(job)
        var status: Int32 = -1
        if isSealed {
            for reviewer in ["rita", "rolf"] {
                try must("glovebox", ["review", job, "--approve", "-m", "eleven numbers", "--profile", reviewer])
            }
            status = try run("glovebox", ["status", job, "--wait", "--profile", "alice"]).status
            try must("glovebox", ["fetch", job, "-o", stage.state + "/model", "--profile", "alice"])
        }
        let copy = try approved(files.memory, "breast", "demo-model", "the same, says the code")
        let refused = try run("glovebox", ["status", copy, "--wait", "--profile", "alice"]).status
        let isThere = unsafe access(stage.state + "/model/model.safetensors", F_OK) == 0
        return [
            Scene(
                what: "a model that keeps nobody",
                expected: "released",
                happened: status == 0 ? "released by two reviewers" : "not released",
                asExpected: status == 0 && isThere
            ),
            Scene(
                what: "a model whose weights are a patient's row",
                expected: "refused",
                happened: refused == 3 ? "refused before any reviewer saw it" : "status \(refused)",
                asExpected: refused == 3
            ),
        ]
    }

    /// Whether a job's release comes to wait for people.
    private func waitForReview(_ job: String) throws(GloveboxError) -> Bool {
        say("$ glovebox review \(job) --profile rita    (until the run is over)")
        for _ in 0..<120 {
            let shown = try stage.run("glovebox", ["review", job, "--profile", "rita"], show: false)
            if shown.status == 0 {
                JailReportText.write(shown.output, to: 1)
                return true
            }
            _ = sleep(1)
        }
        return false
    }

    private func linkage(_ files: DemoFiles) throws(GloveboxError) -> Scene {
        title("A trial without names: before it is registered, its owner sees how few share age, weight, sex and race")
        func check(_ columns: String) throws(GloveboxError) -> DemoStage.Outcome {
            try run(
                "glovebox",
                [
                    "dataset", "check", try files.data("actg175"), "--schema", directory + "/actg175.dataset.yaml",
                    "--quasi", columns, "--json",
                ]
            )
        }
        func smallest(_ outcome: DemoStage.Outcome) throws(GloveboxError) -> Int64? {
            guard let line = outcome.output.split(separator: "\n").first(where: { $0.hasPrefix("{") }) else {
                return nil
            }
            return try JSONReader.read(Array(line.utf8))["anonymity"]?["k"]?.integer
        }
        let linked = try smallest(check("age,wtkg,gender,race,karnof"))
        let coarse = try smallest(check("gender,race"))
        return Scene(
            what: "a trial of 2139 people without names",
            expected: "k is 1 by age, weight, sex and race, 155 by sex and race",
            happened:
                "k is \(linked.map(String.init) ?? "?") by age, weight, sex, race, \(coarse.map(String.init) ?? "?") by sex, race",
            asExpected: linked == 1 && coarse == 155
        )
    }
}
