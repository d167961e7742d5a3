import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// A site is copied while it works, and comes back somewhere else.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct BackupTests {
    /// What the task API says of everything a person may see, oldest first.
    private func tasks(_ site: APISite, _ token: String) throws -> [JSONValue] {
        let answer = try TestPrograms.run(
            "/usr/bin/curl",
            [
                "-sS", "--cacert", site.certificate, "-H", "Authorization: Bearer " + token,
                site.url + "/v1/tasks?view=FULL&page_size=500",
            ]
        )
        try #require(answer.status == 0, "\(answer.output)")
        var limits = JSONReader.Limits()
        limits.hasFractions = true
        let page = try JSONReader.read(Array(answer.output.utf8), limits: limits)
        return try #require(page["tasks"]?.array).reversed()
    }

    private func load(_ site: APISite, _ token: String, _ count: Int) throws -> (RunningProgram, Descriptor) {
        let script = TestPrograms.repository + "/Tests/Soak/load_client.py"
        return try TestPrograms.start("/usr/bin/python3", [script, site.url, site.certificate, token, "\(count)", "4"])
    }

    private func finish(_ client: (process: RunningProgram, output: Descriptor), _ said: String = "") throws {
        var said = said
        while case let more = try client.output.read(upTo: 4096), !more.isEmpty {
            said += String(decoding: more, as: UTF8.self)
        }
        #expect(said.hasSuffix("DONE\n"), "\(said.suffix(4000))")
        #expect(try client.process.wait() == 0)
    }

    @Test func `a site copied while jobs run comes back with its log, its jobs and its people`() throws {
        let site = try APISite()
        defer { site.stop() }
        let token = try site.person("alice", "researcher")
        try finish(try load(site, token, 4))
        let ended = try tasks(site, token)
        #expect(ended.count == 4)
        let client = try load(site, token, 16)
        defer { client.0.kill() }
        var said = ""
        while said.split(separator: "\n").count(where: { $0.hasPrefix("accepted") }) < 4 {
            let more = try client.1.read(upTo: 4096)
            try #require(!more.isEmpty, "\(said)")
            said += String(decoding: more, as: UTF8.self)
        }
        let place = try TestPrograms.scratch()
        let halves = [place + "/data", "--keys", place + "/keys"]
        let made = try TestPrograms.run("glovebox", ["backup"] + halves + ["--profile", site.state + "/operator"])
        try #require(made.status == 0 && made.output.contains("read back"), "\(made.output)")
        try finish(client, said)
        let all = try tasks(site, token)
        try site.end()

        let key = try site.key()
        let state = place + "/state"
        let restore = ["restore"] + halves + ["--state", state]
        let unproven = try TestPrograms.run("glovebox", restore)
        #expect(unproven.status == 1 && unproven.output.contains("backup.unproven"), "\(unproven.output)")
        let stale = try TestPrograms.run("glovebox", restore + ["--checkpoint", site.state + "/log/checkpoint"])
        #expect(stale.status == 1 && stale.output.contains("log.rollback"), "\(stale.output)")
        let restored = try TestPrograms.run("glovebox", restore + ["--no-later-checkpoint"])
        try #require(restored.status == 0, "\(restored.output)")

        let copy = try APISite(restored: state, of: site)
        defer { copy.stop() }
        let known = try tasks(copy, token)
        #expect(Array(known.prefix(4)) == ended)
        #expect(known.count >= 8 && known.count <= all.count)
        #expect(known.map { $0["id"] } == all.prefix(known.count).map { $0["id"] })
        // What was under way at that moment ends there, too; what came later is new to it, and is taken again.
        try finish(try load(copy, token, 16))
        #expect(try tasks(copy, token).count == all.count)
        try copy.end()
        for command in ["verify", "gaps"] {
            let outcome = try TestPrograms.run("glovebox", ["audit", command, "--log", state + "/log", "--key", key])
            #expect(outcome.status == 0, "\(outcome.output)")
        }
    }
}
