import GloveboxCore
import TestSupport
import Testing

/// The commands for a site's keys, with the real programs.
@Suite(.serialized) struct KeysCommandTests {
    private func keys(_ words: [String]) throws -> TestPrograms.Outcome {
        try TestPrograms.run("glovebox", ["keys"] + words)
    }

    private func json(_ words: [String]) throws -> JSONValue {
        let run = try keys(words + ["--json"])
        try #require(run.status == 0, "\(words) \(run.output)")
        return try JSONReader.read(Array(run.output.utf8.dropLast()))
    }

    @Test func `keys are made, changed, withdrawn, listed and compared by the commands, as text and as JSON`() throws {
        let scratch = try TestPrograms.scratch()
        let (root, state, old) = (scratch + "/root", scratch + "/site", scratch + "/old")
        let made = try #require(try json(["init", "--root", root, "--name", "t"])["key"]?.string)
        let founded = try TestPrograms.run(
            "gloveboxd",
            ["init", "--state", state, "--name", "t", "--origin", "log.t.example", "--root", root]
        )
        try #require(founded.status == 0, "\(founded.output)")
        let names = "trust_config.json trusted_root.json trust-policy.dsse.json tlog.policy"
        let copied = try TestPrograms.run("/bin/sh", ["-c", "mkdir \(old) && cd \(state) && cp \(names) \(old)"])
        try #require(copied.status == 0, "\(copied.output)")

        let first = try json(["list", "--state", state])
        func lines(_ list: JSONValue, _ use: String) -> [JSONValue] {
            list["keys"]?.array?.filter { $0["use"]?.string == use } ?? []
        }
        #expect(lines(first, "root").first?["key"]?.string == made)
        #expect(first["rootOnline"]?.bool == false && first["trustPolicy"]?["current"]?.bool == true)

        // Without the root nobody certifies a CA.
        let alone = try keys(["rotate", "platform", "--state", state])
        #expect(alone.status != 0 && alone.output.contains("key.root-offline"), "\(alone.output)")
        let changed = try json(["rotate", "platform", "--state", state, "--root", root])
        let before = try #require(changed["changed"]?.array?.first?["before"]?.string)
        #expect(lines(first, "platform").first?["key"]?.string == before)
        let unknown = try keys(["revoke", String(repeating: "0", count: 64), "--reason", "withdrawn", "--state", state])
        #expect(unknown.status != 0 && unknown.output.contains("key.unknown"), "\(unknown.output)")
        let wrong = try keys(["revoke", before, "--reason", "bored", "--state", state])
        #expect(wrong.status != 0 && wrong.output.contains("compromised, superseded, withdrawn"), "\(wrong.output)")
        _ = try json(["revoke", before, "--reason", "compromised", "--state", state, "--root", root])

        let last = try json(["list", "--state", state])
        #expect(lines(last, "platform").count == 2)
        let ended = try #require(lines(last, "platform").last)
        #expect(ended["key"]?.string == before && ended["to"] != nil)
        #expect(ended["revoked"]?["reason"]?.string == "compromised")
        let text = try keys(["list", "--state", state]).output
        #expect(text.contains(before) && text.contains("compromised") && text.contains("kept off this site"), "\(text)")

        let (new, since) = (state + "/trust_config.json", old + "/trust_config.json")
        #expect(try json(["check", "--trust", new, "--since", since])["verdict"]?.string == "verified")
        let back = try keys(["check", "--trust", since, "--since", new])
        #expect(back.status == 1 && back.output.contains("trust.rollback"), "\(back.output)")
        #expect(try keys(["check", "--trust", scratch + "/none", "--since", since]).status == 2)
        for command in ["init", "rotate", "revoke", "sign", "list", "check"] {
            let help = try TestPrograms.run(command == "check" ? "glovebox" : "gloveboxd", ["keys", command, "--help"])
            #expect(help.status == 0 && help.output.contains("EXAMPLE") && help.output.contains("--json"), "\(command)")
        }
    }
}
