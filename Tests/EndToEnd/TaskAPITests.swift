import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// The API over TCP with TLS, and the task API, through programs of others.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct TaskAPITests {
    @Test func `an unmodified py-tes creates, lists, waits for and cancels tasks, over TLS`() throws {
        let site = try APISite()
        defer { site.stop() }
        let token = try site.person("alice", "researcher")
        let outcome = try site.python("Tests/ThirdParty/task_client.py", [site.url, token])
        #expect(outcome.status == 0 && outcome.output.hasSuffix("DONE\n"), "\(outcome.output)")
        // What was released is attested like everything else, and nothing is missing from the log.
        let gaps = try TestPrograms.run(
            "glovebox",
            ["audit", "gaps", "--log", site.state + "/log", "--key", site.key()]
        )
        #expect(gaps.status == 0, "\(gaps.output)")
    }

    @Test func `answers are those of the description`() throws {
        let site = try APISite()
        defer { site.stop() }
        for (name, role) in [("alice", "researcher"), ("otto", "operator")] {
            let token = try site.person(name, role)
            // It keeps notes in the directory it is started in.
            let outcome = try TestPrograms.run(
                "/usr/bin/env",
                [
                    "-C", TestPrograms.scratch(),
                    (TestPrograms.variable("GLOVEBOX_THIRD_PARTY") ?? "") + "/api/bin/schemathesis",
                    "run", TestPrograms.repository + "/docs/openapi.json", "--url", site.url, "--tls-verify",
                    site.certificate, "--header", "Authorization: Bearer \(token)", "--max-examples", "8", "--phases",
                    "coverage,fuzzing", "--exclude-path-regex", "events|tokens|:cancel|/site/|/backups", "--checks",
                    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                    "--seed", "7", "--no-color", "--generation-database", "none",
                ]
            )
            #expect(outcome.status == 0, "\(outcome.output.suffix(6000))")
        }
    }

    @Test func `the command line speaks TLS and believes the certificate it is given alone`() throws {
        let site = try APISite()
        defer { site.stop() }
        let token = try site.person("alice", "researcher")
        let file = site.state + "/alice.token"
        #expect(!token.isEmpty)
        let people = ["GLOVEBOX_CONFIG=\(site.state)/people"]
        let login = ["login", site.url, "--token-file", file, "--profile", "alice"]
        let doubted = try TestPrograms.run("glovebox", login, environment: people)
        #expect(doubted.status == 8 && doubted.output.contains("server.unreachable"), "\(doubted.output)")
        let known = try TestPrograms.run("glovebox", login + ["--ca", site.certificate], environment: people)
        #expect(known.status == 0, "\(known.output)")
        let who = try TestPrograms.run("glovebox", ["whoami", "--profile", "alice"], environment: people)
        #expect(who.status == 0 && who.output.contains("alice"), "\(who.output)")
        // A token with fewer scopes, and its end.
        let made = try TestPrograms.run(
            "glovebox",
            [
                "token", "create", "--scope", "job:read", "--token-out", site.state + "/reader.token", "--profile",
                "alice",
            ],
            environment: people
        )
        #expect(made.status == 0, "\(made.output)")
        let reader = ["--server", site.url, "--ca", site.certificate, "--token-file", site.state + "/reader.token"]
        #expect(try TestPrograms.run("glovebox", ["status"] + reader, environment: people).status == 0)
        let denied = try TestPrograms.run("glovebox", ["datasets"] + reader, environment: people)
        #expect(denied.status == 6 && denied.output.contains("dataset:read"), "\(denied.output)")
    }
}
