import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// `gloveboxd recover`: a state directory from a snapshot, a sign-lock that went on, and mirrors of the log.
@Suite(.serialized) struct RecoverTests {
    private let place: String
    private let state: String

    /// A site that was served once after a snapshot, which is then put back.
    init() throws {
        place = try TestPrograms.scratch()
        state = place + "/state"
        let founding = ["init", "--state", state, "--name", "t", "--origin", "log.t.example", "--plan-quorum", "1"]
        let founded = try TestPrograms.run("gloveboxd", founding)
        try #require(founded.status == 0, "\(founded.output)")
        try serve()
        try shell("cp -a state old; rm -r old/sign-lock")
        try serve()
        try shell("cp -a state/log mirror; cp -a state/sign-lock signed")
        try putBack()
    }

    private func shell(_ script: String) throws {
        let outcome = try TestPrograms.run("/bin/sh", ["-ec", "cd \(place); " + script])
        try #require(outcome.status == 0, "\(outcome.output)")
    }

    private func putBack() throws {
        try shell("cd state; rm -rf ./*; cp -a ../old/. .; cp -a ../signed sign-lock")
    }

    /// Serves until the site is ready, and tells it to end.
    private func serve() throws {
        let (daemon, output) = try TestPrograms.start("gloveboxd", ["serve", "--state", state, "--accept-disk"])
        var line: [UInt8] = []
        while !String(decoding: line, as: UTF8.self).contains("ready") {
            let more = try output.read(upTo: 512)
            try #require(!more.isEmpty, "\(String(decoding: line, as: UTF8.self))")
            line += more
        }
        #expect(kill(daemon.pid, SIGTERM) == 0)
        #expect(try daemon.wait() == 0)
    }

    private func recover(_ mirror: String = "mirror", under tracer: [String] = []) throws -> TestPrograms.Outcome {
        let command =
            tracer + [
                TestPrograms.path("gloveboxd"), "recover", "--state", state, "--mirror", place + "/" + mirror,
            ]
        return try TestPrograms.run("/usr/bin/env", command)
    }

    private func expectWhole() throws {
        try serve()
        let key = try TestPrograms.run("/bin/cat", [state + "/log.vkey"]).output.split(separator: "\n").first ?? ""
        let verified = try TestPrograms.run(
            "glovebox",
            ["audit", "verify", "--log", state, "--key", String(key), "--since", place + "/mirror/checkpoint"]
        )
        #expect(verified.status == 0, "\(verified.output)")
        let told = try TestPrograms.run(
            "/bin/grep",
            ["-rohaF", "\"event\":\"log.recovered\"", state + "/log/tile/entries"]
        )
        #expect(Set(told.output.split(separator: "\n")).count == 1, "\(told.output)")
    }

    @Test func `a site put back from a snapshot is refused until its log comes back from a mirror`() throws {
        let refused = try TestPrograms.run("gloveboxd", ["serve", "--state", state, "--accept-disk"])
        #expect(refused.status == 1 && refused.output.contains("log.rollback"), "\(refused.output)")
        #expect(refused.output.contains("gloveboxd recover"))
        try shell(
            "cp -a mirror lying; find lying/tile/entries -type f -exec sed -i s/supervisor.start/supervisor.stark/g {} +"
        )
        let lied = try recover("lying")
        try #require(lied.status == 1, "\(lied.output)")
        #expect(lied.output.contains("log.root-mismatch"), "\(lied.output)")
        let short = try recover("old/log")
        try #require(short.status == 1 && short.output.contains("log.bundle-missing"), "\(short.output)")
        let still = try TestPrograms.run("gloveboxd", ["serve", "--state", state, "--accept-disk"])
        #expect(still.status == 1 && still.output.contains("log.rollback"), "\(still.output)")
        let recovered = try recover()
        #expect(recovered.status == 0 && recovered.output.contains("site    whole"), "\(recovered.output)")
        try expectWhole()
    }

    @Test(arguments: ["rename", "fsync", "pwrite64"])
    func `a recovery killed at any system call that changes the disk can be begun again`(call: String) throws {
        var round = 0
        var outcome: TestPrograms.Outcome
        repeat {
            round += 1
            try putBack()
            outcome = try recover(
                under: ["strace", "-qq", "-o", "/dev/null", "-f", "-e", "trace=\(call)", "-e"]
                    + ["inject=\(call):signal=KILL:when=\(round)"]
            )
            let again = try recover()
            #expect(again.status == 0, "\(call) \(round): \(again.output)")
            // What comes after these is the index, which follows from the journal.
        } while outcome.status != 0 && round < 12
        #expect(round > 2, "\(call) killed nothing: \(outcome.output)")
        try expectWhole()
    }
}
