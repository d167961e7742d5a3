import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// `glovebox audit` on logs that the writer wrote, in directories and over HTTP.
@Suite struct AuditTests {
    private let disk: LogOnDisk

    init() throws {
        disk = try LogOnDisk()
        try disk.grow(to: 600)
    }

    @Test func `verifies a log's directory, a state directory and a mirror`() throws {
        for place in [disk.log, disk.state, try disk.copy()] {
            let run = try disk.audit("verify", "--log", place, "--key", disk.vkey)
            #expect(run.status == 0 && run.output.hasSuffix("VERIFIED\n"), "\(run.output)")
        }
        let run = try disk.audit("verify", "--log", disk.log, "--key", disk.keyFile, "--json")
        let verdict = try JSONReader.read(Array(run.output.utf8))
        #expect(verdict["verdict"]?.string == "verified" && verdict["size"]?.string == "600")
        let checks = try #require(verdict["checks"]?.array)
        #expect(checks.filter { $0["status"]?.string == "passed" }.count == 7)
    }

    @Test func `verifies a log over HTTP, and says what it could not look at`() throws {
        let server = try WebServer(disk.log)
        defer { server.stop() }
        let run = try disk.audit("verify", "--log", server.url, "--key", disk.vkey)
        #expect(run.status == 0 && run.output.contains("skipped    strays"), "\(run.output)")
        let proof = disk.state + "/e.tlog-proof"
        #expect(
            try disk.audit("prove", "599", "--log", server.url + "/", "--key", disk.vkey, "--out", proof).status == 0
        )
        let gone = try disk.audit("verify", "--log", server.url + "/nowhere", "--key", disk.vkey)
        #expect(gone.status == 2 && gone.output.contains("[input.io]"), "\(gone.output)")
    }

    @Test func `an event is proved and checked offline, and another is refused`() throws {
        let (proof, entry) = (disk.state + "/e.tlog-proof", disk.state + "/e.json")
        var run = try disk.audit(
            "prove",
            "300",
            "--log",
            disk.log,
            "--key",
            disk.vkey,
            "--out",
            proof,
            "--entry-out",
            entry
        )
        #expect(run.status == 0, "\(run.output)")
        let leaf = try LogOnDisk.read(entry)
        let uid = try #require(JSONReader.readCanonical(leaf)["metadata"]?["uid"]?.string)
        let first = try LogOnDisk.read(proof)
        run = try disk.audit("prove", uid, "--log", disk.log, "--key", disk.vkey, "--out", proof)
        #expect(try run.status == 0 && LogOnDisk.read(proof) == first, "\(run.output)")
        run = try disk.audit("check", proof, "--entry", entry, "--key", disk.vkey)
        #expect(run.status == 0 && run.output.hasSuffix("VERIFIED\n"), "\(run.output)")
        try LogOnDisk.write(leaf.dropLast() + [0x20], entry)
        run = try disk.audit("check", proof, "--entry", entry, "--key", disk.vkey)
        #expect(run.status == 1 && run.output.contains("log.root-mismatch"), "\(run.output)")
        run = try disk.audit("prove", "600", "--log", disk.log, "--key", disk.vkey, "--out", proof)
        #expect(run.status == 2 && run.output.contains("log.index"), "\(run.output)")
    }

    @Test(arguments: [
        ("tile/entries/001", "log.entry-mismatch"), ("tile/0/001", "log.tile-hash"),
        ("tile/1/000.p/2", "log.tile-hash"),
        ("checkpoint", "log.checkpoint-signature"),
    ])
    func `a changed file is refused by name`(file: String, code: String) throws {
        let copy = try disk.copy()
        var bytes = try LogOnDisk.read("\(copy)/\(file)")
        bytes[bytes.count - 2] ^= file == "checkpoint" ? 0 : 1
        if file == "checkpoint" { bytes[21] = UInt8(ascii: "7") }
        try LogOnDisk.write(bytes, "\(copy)/\(file)")
        let run = try disk.audit("verify", "--log", copy, "--key", disk.vkey)
        #expect(run.status == 1 && run.output.contains("REFUSED \(code)"), "\(run.output)")
    }

    @Test func `links, pipes and strange files below a log are refused`() throws {
        let copy = try disk.copy()
        let tile = copy + "/tile/0/001"
        _ = try TestPrograms.run("/bin/mv", [tile, copy + "/elsewhere"])
        _ = unsafe symlink("../../elsewhere", tile)
        var run = try disk.audit("verify", "--log", copy, "--key", disk.vkey)
        #expect(run.status == 1 && run.output.contains("tile/0/001 is no regular file"), "\(run.output)")
        _ = unsafe unlink(tile)
        _ = unsafe mkfifo(tile, 0o644)
        run = try disk.audit("verify", "--log", copy, "--key", disk.vkey)
        #expect(run.status == 1 && run.output.contains("tile/0/001 is no regular file"), "\(run.output)")
    }

    @Test func `a log that was rolled back or rewritten is caught, and the evidence kept`() throws {
        let (kept, evidence) = (disk.state + "/kept", disk.state + "/evidence.json")
        let old = try disk.copy()
        try disk.grow(to: 700)
        try LogOnDisk.write(LogOnDisk.read(disk.log + "/checkpoint"), kept)
        var run = try disk.audit("verify", "--log", disk.log, "--key", disk.vkey, "--since", old + "/checkpoint")
        #expect(run.status == 0, "\(run.output)")
        run = try disk.audit(
            "verify",
            "--log",
            old,
            "--key",
            disk.vkey,
            "--since",
            kept,
            "--evidence",
            evidence
        )
        #expect(run.status == 1 && run.output.contains("ROLLBACK"), "\(run.output)")
        var found = try JSONReader.readCanonical(LogOnDisk.read(evidence))
        #expect(found["finding"]?.string == "rollback")
        #expect(try found["new"]?.string.map { Array($0.utf8) } == LogOnDisk.read(old + "/checkpoint"))

        let other = try LogOnDisk()
        try other.grow(to: 900, note: "m")
        run = try disk.audit(
            "verify",
            "--log",
            other.log,
            "--key",
            disk.vkey,
            "--since",
            kept,
            "--evidence",
            evidence
        )
        #expect(run.status == 1 && run.output.contains("FORK"), "\(run.output)")
        found = try JSONReader.readCanonical(LogOnDisk.read(evidence))
        #expect(found["finding"]?.string == "fork" && found["proof"]?.array?.isEmpty == false)

        let late = other.log + "/checkpoint"
        run = try disk.audit("compare", kept, late, "--key", disk.vkey)
        #expect(run.status == 2 && run.output.contains("--log"), "\(run.output)")
        run = try disk.audit("compare", kept, late, "--key", disk.vkey, "--log", other.log, "--evidence", evidence)
        #expect(run.status == 1 && run.output.contains("log.fork"), "\(run.output)")
        run = try disk.audit("compare", late, old + "/checkpoint", "--key", disk.vkey, "--log", disk.log)
        #expect(run.status == 1 && run.output.contains("log.tile-missing"), "\(run.output)")
        run = try disk.audit("compare", kept, old + "/checkpoint", "--key", disk.vkey, "--log", disk.log)
        #expect(run.status == 0 && run.output.contains("600 and 700 entries, one history"), "\(run.output)")
    }

    @Test func `two roots for one size are a fork without any file of the log`() throws {
        let other = try LogOnDisk()
        try other.grow(to: 600, note: "m")
        let evidence = disk.state + "/evidence.json"
        let run = try disk.audit(
            "compare",
            disk.log + "/checkpoint",
            other.log + "/checkpoint",
            "--key",
            disk.vkey,
            "--evidence",
            evidence
        )
        #expect(run.status == 1 && run.output.contains("FORK"), "\(run.output)")
        #expect(try JSONReader.readCanonical(LogOnDisk.read(evidence))["proof"]?.array?.isEmpty == true)
    }

    @Test func `another log's key refuses, and no key, a wrong file or an empty directory cannot be judged`() throws {
        let other = try LogOnDisk(seed: 1)
        var run = try disk.audit("verify", "--log", disk.log, "--key", other.vkey)
        #expect(run.status == 1 && run.output.contains("REFUSED log.checkpoint-signature"), "\(run.output)")
        run = try disk.audit("verify", "--log", disk.log)
        #expect(run.status == 2 && run.output.contains("--key or --policy"), "\(run.output)")
        run = try disk.audit("verify", "--log", disk.log, "--key", disk.log + "/checkpoint")
        #expect(run.status == 2 && run.output.contains("[log.key]"), "\(run.output)")
        run = try disk.audit("verify", "--log", try TestPrograms.scratch(), "--key", disk.vkey, "--json")
        #expect(run.status == 2 && run.output.contains("\"code\":\"input.io\""), "\(run.output)")
        run = try disk.audit("verify", "--log", "ftp://host/", "--key", disk.vkey)
        #expect(run.status == 2 && run.output.contains("[usage]"), "\(run.output)")
    }

    @Test func `a policy is held to, and its log must be the one of --key`() throws {
        let policy = disk.state + "/policy"
        let witness = "witness w witness.peer.example+daabd167+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X\n"
        try LogOnDisk.write(Array("log \(disk.vkey)\n\(witness)quorum none\n".utf8), policy)
        var run = try disk.audit("verify", "--log", disk.log, "--policy", policy)
        #expect(run.status == 0 && run.output.contains("witnesses  none"), "\(run.output)")
        let other = try LogOnDisk(seed: 1)
        run = try disk.audit("verify", "--log", disk.log, "--policy", policy, "--key", other.vkey)
        #expect(run.status == 1 && run.output.contains("log.key"), "\(run.output)")
        try LogOnDisk.write(Array("log \(disk.vkey)\n\(witness)quorum w\n".utf8), policy)
        run = try disk.audit("verify", "--log", disk.log, "--policy", policy)
        #expect(run.status == 1 && run.output.contains("REFUSED log.quorum"), "\(run.output)")
    }

    @Test func `a checkpoint is stamped by a key of one's own, and openssl alone verifies it`() throws {
        let name = disk.state + "/stamped"
        var run = try disk.audit("timestamp", "--log", disk.state, "--key", disk.vkey, "--tsa", "local", "--out", name)
        #expect(run.status == 0 && run.output.contains("made a time-stamping key"), "\(run.output)")
        let certificate = disk.state + "/keys/local-tsa/tsa.pem"
        let verify = ["ts", "-verify", "-in", name + ".tsr", "-CAfile", certificate, "-data"]
        run = try TestPrograms.run("/usr/bin/openssl", verify + [disk.log + "/checkpoint"])
        #expect(run.status == 0 && run.output.contains("Verification: OK"), "\(run.output)")
        try disk.grow(to: 601)
        run = try TestPrograms.run("/usr/bin/openssl", verify + [disk.log + "/checkpoint"])
        #expect(run.status != 0, "\(run.output)")
        run = try disk.audit("timestamp", "--log", disk.state, "--key", disk.vkey, "--tsa", "local", "--out", name)
        #expect(run.status == 0 && !run.output.contains("made a time-stamping key"), "\(run.output)")
        run = try disk.audit("timestamp", "--log", disk.log, "--key", disk.vkey, "--tsa", "local")
        #expect(run.status == 2 && run.output.contains("--tsa-keys"), "\(run.output)")
        run = try disk.audit(
            "timestamp",
            "--log",
            disk.log,
            "--key",
            disk.vkey,
            "--tsa",
            "http://127.0.0.1:9/",
            "--out",
            name
        )
        #expect(run.status == 2 && run.output.contains("--ca"), "\(run.output)")
    }

    @Test func `an authority on the network is asked, and only its own certificate makes its stamp good`() throws {
        let (name, keys) = (disk.state + "/stamped", disk.state + "/authority")
        var run = try disk.audit(
            "timestamp",
            "--log",
            disk.log,
            "--key",
            disk.vkey,
            "--tsa",
            "local",
            "--tsa-keys",
            keys,
            "--out",
            name
        )
        #expect(run.status == 0, "\(run.output)")
        let server = try WebServer(keys, script: TestPrograms.repository + "/Tests/EndToEnd/Fixtures/timestamp-server")
        defer { server.stop() }
        func ask(_ certificate: String) throws -> TestPrograms.Outcome {
            try disk.audit(
                "timestamp",
                "--log",
                disk.log,
                "--key",
                disk.vkey,
                "--tsa",
                server.url,
                "--ca",
                certificate,
                "--out",
                name
            )
        }
        run = try ask(keys + "/tsa.pem")
        #expect(run.status == 0, "\(run.output)")
        let other = disk.state + "/other"
        run = try disk.audit(
            "timestamp",
            "--log",
            disk.log,
            "--key",
            disk.vkey,
            "--tsa",
            "local",
            "--tsa-keys",
            other,
            "--out",
            name
        )
        #expect(run.status == 0, "\(run.output)")
        run = try ask(other + "/tsa.pem")
        #expect(run.status == 1 && run.output.contains("timestamp.refused"), "\(run.output)")
    }
}
