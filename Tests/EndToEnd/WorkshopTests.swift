import Glibc
import GloveboxCore
import TestSupport
import Testing

/// The datasite's story with each role in other hands: one owner, one researcher, two reviewers, one auditor, and the
/// public command line alone.
@Suite struct WorkshopTests {
    private static let canRun =
        TestPrograms.image("python") != nil && TestPrograms.variable("GLOVEBOX_DEMO_DATA") != nil
    private static let people = [
        ("olga", "owner"), ("alice", "researcher"), ("rita", "reviewer"), ("ray", "reviewer"), ("audra", "auditor"),
        ("otto", "operator"),
    ]

    private func fixture(_ name: String) -> String { TestPrograms.repository + "/Tests/EndToEnd/Fixtures/" + name }

    @Test(.enabled(if: canRun, "needs the image python and the demo's data"))
    func `five people bring a question to data that none of them hands out`() throws {
        let site = try ServedSite(people: Self.people, quorum: 2, owner: "olga")
        defer { site.end() }
        let (alice, rita, ray) = (["--profile", "alice"], ["--profile", "rita"], ["--profile", "ray"])
        #expect(try site.must(["datasets"] + alice).contains("fair"))

        // On mock data she sees what the policy would say of her program, before she asks anyone.
        let documents = TestPrograms.repository + "/Deploy/demo"
        let honest = fixture("fair-affairs")
        let tried = try site.glovebox([
            "try", honest, "--schema", documents + "/fair.dataset.yaml", "--input-policy",
            documents + "/fair.input.yaml", "--policy", "demo-table", "--image", "python", "--images",
            site.state + "/images", "--", "python3", "main.py",
        ])
        #expect([0, 3].contains(tried.status), "\(tried.output)")

        // One reviewer refuses the first plan, and that is its end, whatever the other says.
        let leak = try site.submit(fixture("leak-rows"), wall: "5s", ["python3", "main.py"])
        _ = try site.must(["approve", leak, "--yes"] + rita)
        _ = try site.must(["deny", leak, "-m", "it prints rows", "--yes"] + ray)
        #expect(try site.glovebox(["status", leak, "--wait"] + alice).status == 3)
        #expect(try site.glovebox(["approve", leak, "--yes"] + ["--profile", "olga"]).status != 0)

        // The second needs both, and nobody counts twice.
        let job = try site.submit(honest, wall: "5s", ["python3", "main.py"])
        // Not before its start grace is over.
        #expect(try eventually { try site.must(["inbox"] + rita).contains(job) })
        #expect(try site.must(["show", job, "--files"] + rita).contains("table.spec.json"))
        _ = try site.must(["approve", job, "--yes"] + rita)
        #expect(try site.glovebox(["approve", job, "--yes"] + rita).status == 10)
        #expect(try site.glovebox(["approve", job, "--yes"] + alice).status == 6)
        #expect(try site.must(["status", job] + alice).contains("Waiting for 1 more reviewer, since"))
        #expect(try site.glovebox(["fetch", job, "-o", site.state + "/early"] + alice).status != 0)
        _ = try site.must(["approve", job, "--yes"] + ray)
        let watched = try site.glovebox(["watch", job] + alice)
        #expect(watched.status == 0 && watched.output.contains("released"), "\(watched)")

        // She gets the table with its evidence, and anyone can verify both.
        let release = site.state + "/release"
        _ = try site.must(["fetch", job, "-o", release] + alice)
        let verify = [
            "verify", release + "/report.dsse.json", "--trust", site.state + "/trust_config.json", "--expect-code",
            honest, "--accept", "emulated", release + "/table.csv",
        ]
        #expect(try site.must(verify).contains("VERIFIED"))

        // The auditor tells the story from the log alone.
        let export = site.state + "/export"
        _ = try site.must(["audit", "export", "--out", export + ".tar", "--profile", "audra"])
        _ = try site.must(["audit", "unpack", export + ".tar", "--out", export])
        let log = ["--log", export, "--key", site.state + "/log.vkey"]
        let story = try site.must(["audit", "job", job] + log)
        for word in ["rita", "ray", "released"] { #expect(story.contains(word), "\(story)") }
        let gaps = try site.glovebox(["audit", "gaps"] + log)
        #expect(gaps.status == 0, "\(gaps.output)")
        // Who runs the machines gets no result by the API.
        #expect(try site.glovebox(["fetch", job, "-o", site.state + "/other", "--profile", "otto"]).status == 6)
    }
}
