import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A time-stamping authority of somebody else: openssl behind a small server in Python.
@Suite(.serialized) struct RemoteAuthorityTests {
    private let directory: String
    private let server: WebServer

    init() throws {
        directory = try TestPrograms.scratch()
        let script = """
            cd '\(directory)'
            for name in one two; do
              openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=root $name" \
                -addext keyUsage=critical,keyCertSign -keyout $name-ca.key -out $name-ca.pem
              openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=tsa $name" \
                -keyout $name.key -out $name.csr
              printf 'extendedKeyUsage=critical,timeStamping\\nkeyUsage=critical,digitalSignature\\n' > ext
              openssl x509 -req -in $name.csr -CA $name-ca.pem -CAkey $name-ca.key -days 30 -extfile ext -out $name.pem
            done
            printf '%s\\n' '[tsa]' "serial = $PWD/serial" "signer_cert = $PWD/one.pem" "signer_key = $PWD/one.key" \
              'signer_digest = sha256' 'default_policy = 2.999.7' 'other_policies = 2.999.8' 'digests = sha256' \
              'accuracy = secs:1' 'ess_cert_id_alg = sha256' > tsa.cnf
            """
        let made = try TestPrograms.run("/bin/bash", ["-ec", script])
        try #require(made.status == 0, "\(made.output)")
        server = try WebServer(directory, script: TestPrograms.repository + "/Tests/EndToEnd/Fixtures/timestamp-server")
    }

    /// Has the next answers spoilt.
    private func spoil(_ answers: String...) throws {
        try StateFile.write(Array(answers.map { $0 + "\n" }.joined().utf8), to: directory + "/answers")
    }

    private func section(
        certificate: String = "one.pem",
        ca: String = "one-ca.pem",
        policy: String = "2.999.8",
        seconds: Int = 30
    ) -> String {
        """
        timestamp:
          url: \(server.url)
          certificate: \(directory)/\(certificate)
          ca: \(directory)/\(ca)
          policy: "\(policy)"
          timeout_seconds: \(seconds)

        """
    }

    private func settings(_ text: String) throws -> SiteSettings {
        let path = directory + "/gloveboxd.yaml"
        try StateFile.write(Array(text.utf8), to: path)
        return try SiteSettings(reading: path)
    }

    @Test func `only a good answer is a stamp, and what is wrong is told`() throws {
        let now = Machine.now()
        let platform = try CertificateAuthority.makeRoot(site: "t", now: now).makePlatform(site: "t", now: now)
        let leaf = try platform.issueLeaf(
            for: JobLeaf().publicKey,
            attester: "https://t.example/a",
            issuer: "https://t.example",
            now: now,
            log: SigningKey()
        )
        func authority(_ section: String) throws -> RemoteAuthority {
            RemoteAuthority(try #require(try settings(section).stamping))
        }
        let one = try authority(section())
        #expect(try !one.stamp([1, 2, 3], leaf: leaf).isEmpty && one.problem == nil)
        for (answer, code) in [
            ("html", "timestamp.invalid"), ("nonce", "timestamp.invalid"), ("imprint", "timestamp.invalid"),
            ("again", "timestamp.invalid"), ("long", "timestamp.invalid"), ("status", "timestamp.unavailable"),
        ] {
            try spoil(answer)
            let refusal = #expect(throws: GloveboxError.self, "\(answer)") { try one.stamp([1, 2, 3], leaf: leaf) }
            #expect(refusal?.code == code && one.problem?.code == code, "\(answer): \(String(describing: refusal))")
        }
        try spoil("silence")
        let hasty = try authority(section(seconds: 1))
        #expect(throws: GloveboxError("timestamp.unavailable", "")) { try hasty.stamp([1], leaf: leaf) }
        // Its stamps are not another's.
        let two = try authority(section(certificate: "two.pem", ca: "two-ca.pem"))
        #expect(throws: GloveboxError("timestamp.invalid", "")) { try two.stamp([1], leaf: leaf) }
        #expect(try !one.stamp([1, 2, 3], leaf: leaf).isEmpty && one.problem == nil)
        server.stop()
        #expect(throws: GloveboxError("timestamp.unavailable", "")) { try one.stamp([1], leaf: leaf) }
    }

    @Test func `settings whose stamps no reader would believe are refused`() throws {
        defer { server.stop() }
        #expect(try settings(section()).stamping?.seconds == 30)
        for text in [
            section(certificate: "two.pem"), section(certificate: "one-ca.pem"), section(ca: "one.pem"),
            section(certificate: "one.key"), section(policy: "none"), section(seconds: 0), section(seconds: 61),
            section().replacing("http://", with: "ftp://"), section() + "  other: 1\n",
            section().replacing("  ca: ", with: "  root: "),
        ] {
            let refusal = #expect(throws: GloveboxError.self, "\(text)") { try settings(text) }
            #expect(
                ["config.invalid", "schema.unknown-field", "schema.missing-field"].contains(refusal?.code ?? ""),
                "\(text): \(String(describing: refusal))"
            )
        }
        #expect(throws: GloveboxError("storage.read", "")) { try settings(section(ca: "none.pem")) }
    }

    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `reports carry another operator's stamp, wait for it, and go back to the site's own`() throws {
        defer { server.stop() }
        var test = try TestSite { layout in
            try StateFile.write(Array(section().utf8), to: layout.settings)
        }
        try test.start()
        let own = try #require(test.site.keys.record.all(.tsa).last)
        let secret = try #require(test.layout.secret(own))
        #expect(own.to != nil && !StateFile.exists(secret), "the site's own clock still stamps")
        // The first two answers are none; the report waits.
        try spoil("html", "nonce")
        let first = try reported(test)
        #expect(try admissions(first).contains("separate-time-stamp") == false)
        #expect(try first.evidence[EvidenceFiles.timeAuthority] == file("one.pem"))
        #expect(refusals(first) == [])
        try judge(first)
        _ = try test.reopen { layout in
            // Its key is not this site's to change.
            #expect(throws: GloveboxError("key.in-use", "")) { try KeyCeremony(layout).rotate(.tsa) }
            try StateFile.write(Array("tpm: none\n".utf8), to: layout.settings)
        }
        try test.start()
        let second = try reported(test)
        #expect(try admissions(second).contains("separate-time-stamp"))
        #expect(second.evidence[EvidenceFiles.timeAuthority] != first.evidence[EvidenceFiles.timeAuthority])
        #expect(refusals(second) == [])
        #expect(refusals((first.evidence, second.trust)) == [], "the old report under the new trust files")
        // Three authorities, each with a period; none of another's time counts.
        let periods = test.site.keys.record.all(.tsa)
        #expect(periods.count == 3 && periods.dropFirst().allSatisfy { $0.to != nil })
        try judge((first.evidence, second.trust))
    }

    private typealias Receipt = (evidence: [String: [UInt8]], trust: [String: [UInt8]])

    private func file(_ name: String) throws -> [UInt8] {
        PEM.encode(try PEM.decode(StateFile.read(directory + "/" + name), label: "CERTIFICATE"), label: "CERTIFICATE")
    }

    private func reported(_ test: TestSite) throws -> Receipt {
        let job = try test.submit("print(1)\n")
        try test.vote(.approve, on: job)
        for _ in 0..<12 {
            if try test.wait(for: job, { $0.evidence != nil && $0.job.phase.isTerminal }).evidence != nil { break }
        }
        let all = Dictionary(try test.shownReceipt(job).files.map { ($0.path, $0.content) }) { first, _ in first }
        return (
            all.filter { !TrustFiles.Name.all.contains($0.key) && $0.key != NamedFiles.padding },
            all.filter { TrustFiles.Name.all.contains($0.key) }
        )
    }

    private func admissions(_ receipt: Receipt) throws -> [String] {
        let report = try JSONReader.read(Envelope(parsing: receipt.evidence[EvidenceFiles.report] ?? []).payload)
        return try #require(report["predicate"]?["assurance"]?["notProven"]?.array).compactMap(\.string)
    }

    private func refusals(_ receipt: Receipt) -> [String] {
        var options = VerifyOptions()
        options.acceptEmulated = true
        let verdict = ReportVerifier.verify(evidence: receipt.evidence, trust: receipt.trust, options: options)
        return verdict.isVerified ? [] : verdict.checks.filter { $0.status == .failed }.map(\.detail)
    }

    /// OpenSSL accepts the stamp, and sigstore the bundle, both with no network.
    private func judge(_ receipt: Receipt) throws {
        let place = try TestPrograms.scratch()
        for (name, bytes) in receipt.evidence.merging(receipt.trust, uniquingKeysWith: { first, _ in first })
        where !name.contains("/") { try StateFile.write(bytes, to: place + "/" + name, mode: 0o644) }
        let sigstore = TestPrograms.variable("GLOVEBOX_THIRD_PARTY").map { tools in
            """
            export HOME=$PWD PATH=\(tools)/evidence/bin:$PATH
            sigstore --trust-config trust_config.json verify identity --offline --bundle report.sigstore.json \
              --cert-identity https://log.t.example/glovebox/attester --cert-oidc-issuer https://log.t.example manifest.json
            """
        }
        let script = """
            cd '\(place)'
            python3 -c "import json,base64; e=json.load(open('report.dsse.json')); \
            open('s','wb').write(base64.b64decode(e['signatures'][0]['sig']))"
            openssl ts -verify -in report.tsr -data s -CAfile tsa-root.pem -untrusted tsa.pem
            \(sigstore ?? "true")
            """
        let run = try TestPrograms.run("/usr/bin/unshare", ["-n", "/bin/bash", "-ec", script])
        #expect(run.status == 0, "\(run.output)")
    }
}
