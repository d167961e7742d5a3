import GloveboxCore
import TestSupport
import Testing

/// Tokens that are good from some addresses alone.
@Suite(.enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up"))
struct TokenTests {
    @Test func `a token is good from its addresses alone, and makes none for elsewhere`() throws {
        let tasks = try TaskSite(settings: "")
        let site = tasks.site
        defer { site.stop() }
        let people = ["GLOVEBOX_CONFIG=\(site.state)/people"]
        func glovebox(_ arguments: [String]) throws -> TestPrograms.Outcome {
            try TestPrograms.run("glovebox", arguments + ["--profile", "alice"], environment: people)
        }
        let socket = "unix://\(site.state)/api.sock"
        try #require(try glovebox(["login", socket, "--token-file", site.state + "/alice.token"]).status == 0)
        func token(_ cidr: [String]) throws -> TestPrograms.Outcome {
            let out = site.state + "/made.token"
            return try glovebox(
                ["token", "create", "--token-out", out, "--json"] + cidr.flatMap { ["--cidr", $0] }
            )
        }
        /// What the site answers to the token that was made last, over TCP.
        func asked(_ path: String, _ body: String? = nil) throws -> JSONValue {
            let token = try TestPrograms.run("/bin/cat", [site.state + "/made.token"]).output.split(separator: "\n")[0]
            var arguments = ["-sS", "-H", "Authorization: Bearer \(token)", "--cacert", site.certificate]
            if let body { arguments += ["-H", "Content-Type: application/json", "-d", body] }
            let answer = try TestPrograms.run("/usr/bin/curl", arguments + ["-4", site.url + path])
            return try JSONReader.read(Array(answer.output.utf8))
        }
        for wrong in ["192.0.2.1/24", "localhost", "1.2.3.4/33", "1.2.3.4/08", "::1/129", "1.2.3", ""] {
            #expect(try token([wrong]).output.contains("request.invalid"), "\(wrong)")
        }
        let here = try token(["127.0.0.0/8", "::1"])
        #expect(here.output.contains(#""cidr":["127.0.0.0/8","::1"]"#), "\(here)")
        #expect(try asked("/glovebox/v1/whoami")["name"]?.string == "alice")
        func make(_ cidr: String) throws -> JSONValue {
            try asked("/glovebox/v1/tokens", #"{"scopes":["job:read"],"days":1,"replaces":false\#(cidr)}"#)
        }
        #expect(try make("")["code"]?.string == "auth.forbidden")
        #expect(try make(#","cidr":["0.0.0.0/0"]"#)["code"]?.string == "auth.forbidden")
        #expect(try make(#","cidr":["127.0.0.1","::2"]"#)["code"]?.string == "auth.forbidden")
        #expect(try make(#","cidr":["127.1.0.0/16"]"#)["token"]?.string != nil)
        #expect(try token(["192.0.2.0/24", "2001:db8::/32"]).status == 0)
        try site.restart()
        let elsewhere = try asked("/glovebox/v1/whoami")
        #expect(elsewhere["code"]?.string == "auth.network" && elsewhere["status"]?.integer == 403, "\(elsewhere)")
        #expect(try glovebox(["login", socket, "--token-file", site.state + "/made.token"]).status == 6, "no socket")
    }
}
