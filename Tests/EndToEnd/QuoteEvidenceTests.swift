import Glibc
import GloveboxAttestation
import GloveboxCore
import TestSupport
import Testing

/// A job whose report an emulated TPM vouches for, with the real programs.
@Suite(.serialized) struct QuoteEvidenceTests {
    @Test func `the demo with swtpm verifies as emulated, by our verifier and by tpm2_checkquote`() throws {
        // The TPM's directory stands beside the state directory, and its own user must reach it.
        let scratch = try TestPrograms.scratch()
        try #require(unsafe chmod(scratch, 0o711) == 0)
        let state = scratch + "/site"
        let data = (TestPrograms.variable("GLOVEBOX_DEMO_DATA") ?? "/nonexistent") + "/fair.csv"
        let demo = try TestPrograms.run(
            "glovebox",
            ["demo", "--tpm", "swtpm", "--eat", "--nonce", FreshEvidence.nonce, "--state", state, "--data", data],
            environment: TestPrograms.variable("GLOVEBOX_IMAGES").map { ["GLOVEBOX_IMAGES=" + $0] } ?? []
        )
        try #require(demo.status == 0, "\(demo.output)")
        let evidence = state + "/release"
        let verify = [
            "verify", evidence + "/report.dsse.json", "--trust", state + "/trust_config.json", "--json", "--nonce",
            FreshEvidence.nonce, "--accept", "emulated", evidence + "/table.csv",
        ]
        try self.list(evidence)
        let verdict = try JSONReader.read(Array(TestPrograms.run("glovebox", verify).output.utf8))
        #expect(verdict["verdict"]?.string == "verified")
        #expect(verdict["assurance"]?["rootOfTrust"]?.string == "emulated-swtpm")
        let strict = try TestPrograms.run("glovebox", verify.filter { $0 != "--accept" && $0 != "emulated" })
        #expect(strict.status == 1 && strict.output.contains("assurance.emulated"))

        let check = """
            cd \(evidence) && tpm2_checkquote -u ak.pem -m q.msg -s q.sig -f q.pcrs -g sha256 -q $(cat q.nonce)
            """
        let tool = try TestPrograms.run("/bin/sh", ["-c", check], environment: ["PATH=/usr/bin:/bin"])
        #expect(tool.status == 0, "\(tool.output)")

        // The start statement has a quote of its own, for its leaf, the broker's nonce and this plan, and no later clock.
        let start = try statement(evidence + "/start.dsse.json")
        let message = try #require(start["quote"]?["msg"]?.string.flatMap(Base64.decode))
        let key = """
            cd \(evidence) && openssl x509 -in start.pem -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum
            """
        let sum = try TestPrograms.run("/bin/sh", ["-c", key], environment: ["PATH=/usr/bin:/bin"]).output.prefix(64)
        let binding = QuoteBinding(
            nonce: try #require(start["keyRequest"]?["nonce"]?.string.flatMap(Base64.decodeURL)),
            key: try #require(Digest(hex: String(sum))),
            manifest: try #require(start["manifestDigest"]?["sha256"]?.string.flatMap(Digest.init(hex:)))
        )
        let began = try QuoteMessage(parsing: message)
        #expect(began.extraData == binding.extraData)
        let report = try statement(evidence + "/report.dsse.json")
        let ended = try QuoteMessage(parsing: #require(report["quote"]?["msg"]?.string.flatMap(Base64.decode)))
        #expect(ended.clock.mayFollow(began.clock) && ended.extraData != began.extraData)
        #expect(report["time"]?["tpm"]?["clock"]?.string == String(ended.clock.milliseconds))
        #expect(report["time"]?["tpm"]?["resetCount"]?.string == String(ended.clock.resetCount))
        #expect(start["time"]?["tpm"] == nil)

        // A start statement that the report does not name.
        let other = try LogOnDisk.read(evidence + "/report.dsse.json")
        let kept = try LogOnDisk.read(evidence + "/start.dsse.json")
        try LogOnDisk.write(other, evidence + "/start.dsse.json")
        let swapped = try TestPrograms.run("glovebox", verify)
        #expect(swapped.status == 1 && swapped.output.contains("report.conflict"))
        try LogOnDisk.write(kept, evidence + "/start.dsse.json")

        // Files beside the report that are not the report's own.
        var pcrs = try LogOnDisk.read(evidence + "/q.pcrs")
        pcrs[7] ^= 0b110
        try LogOnDisk.write(pcrs, evidence + "/q.pcrs")
        let changed = try TestPrograms.run("glovebox", verify)
        #expect(changed.status == 1 && changed.output.contains("report.conflict"))
    }

    /// The directory holds every file of the specification, and no other.
    private func list(_ evidence: String) throws {
        let found = try TestPrograms.run("/usr/bin/find", [evidence, "-type", "f", "-printf", "%P\\n"]).output
            .split(separator: "\n").map { String($0.replacing(#/[0-9a-f]{8}\./#, with: "KEY.")) }
        var expected = [
            "report.dsse.json", "report.sigstore.json", "report.tsr", "tsa.pem", "tsa-root.pem", "report.cwt",
            "report.jwt", "start.dsse.json", "start.pem", "key.entry", "key.tlog-proof", "budget.entry",
            "budget.tlog-proof", "run.entry", "run.tlog-proof", "att.pub", "leaf.pem", "inter.pem", "root.pem",
            "manifest.json", "manifest.dsse.json", "approvals/1-KEY.dsse.json", "code.digests", "report.entry",
            "report.tlog-proof", "issued.entry", "issued.tlog-proof", "q.msg", "q.sig", "q.pcrs", "q.nonce", "ak.pem",
            "eventlog.json", "disclosure.json", "disclosure.dsse.json", "disclosure.pem", "trust_config.json",
            "trusted_root.json", "trust-policy.dsse.json", "tlog.policy", "lay/root.layout", "lay/owner.pub",
            "lay/wd/table.csv", "table.csv", "ro-crate-metadata.json",
        ]
        expected += ["onboard", "submit", "review", "run", "release"].map { "lay/\($0).KEY.link" }
        #expect(found.sorted() == expected.sorted())
    }

    /// The predicate of a statement in an envelope.
    private func statement(_ path: String) throws -> JSONValue {
        let envelope = try JSONReader.read(LogOnDisk.read(path))
        let payload = try #require(envelope["payload"]?.string.flatMap(Base64.decode))
        return try #require(JSONReader.readCanonical(payload)["predicate"])
    }
}
