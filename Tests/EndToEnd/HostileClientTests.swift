import GloveboxCore
import TestSupport
import Testing

/// Clients that send what no client would.
@Suite(.serialized) struct HostileClientTests {
    @Test(.enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base"))
    func `hostile archives and changed requests are refused, and the site stays up`() throws {
        let site = try APISite()
        defer { site.stop() }
        _ = try site.person("alice", "researcher")
        let seconds = TestPrograms.variable("GLOVEBOX_LONG") == nil ? "5" : "60"
        let outcome = try TestPrograms.run(
            "/usr/bin/python3",
            [
                TestPrograms.repository + "/Tests/Fuzz/http", "--socket", site.state + "/api.sock", "--token-file",
                site.state + "/alice.token", "--pid", "\(site.pid)", "--seconds", seconds,
            ]
        )
        #expect(outcome.status == 0, "\(outcome.output)")
        print(outcome.output)
    }
}
