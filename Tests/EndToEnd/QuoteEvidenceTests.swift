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
            ["demo", "--tpm", "swtpm", "--state", state, "--data", data],
            environment: TestPrograms.variable("GLOVEBOX_IMAGES").map { ["GLOVEBOX_IMAGES=" + $0] } ?? []
        )
        try #require(demo.status == 0, "\(demo.output)")
        let evidence = state + "/release"
        let verify = [
            "verify", evidence + "/report.dsse.json", "--trust", state + "/trust_config.json", "--json", "--accept",
            "emulated", evidence + "/table.csv",
        ]
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

    /// The predicate of a statement in an envelope.
    private func statement(_ path: String) throws -> JSONValue {
        let envelope = try JSONReader.read(LogOnDisk.read(path))
        let payload = try #require(envelope["payload"]?.string.flatMap(Base64.decode))
        return try #require(JSONReader.readCanonical(payload)["predicate"])
    }
}
