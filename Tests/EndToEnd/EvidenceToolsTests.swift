import GloveboxCore
import TestSupport
import Testing

/// Programs that know nothing of Glovebox accept the evidence of a fresh job, with no network, and refuse a changed one.
@Suite(
    .serialized,
    .enabled(
        if: TestPrograms.variable("GLOVEBOX_THIRD_PARTY") != nil,
        "GLOVEBOX_THIRD_PARTY is not set; Deploy/test sets it"
    )
)
struct EvidenceToolsTests {
    private static let sigstore =
        "sigstore --trust-config trust_config.json verify identity --offline --bundle report.sigstore.json "
        + "--cert-identity \(FreshEvidence.identity) --cert-oidc-issuer \(FreshEvidence.issuer) table.csv"
    private static let signed =
        "jq -j .dsseEnvelope.payload report.sigstore.json | base64 -d >p; T=application/vnd.in-toto+json; "
        + "{ printf 'DSSEv1 %d %s %d ' ${#T} $T $(stat -c%s p); cat p; } >pae; "
        + "jq -j '.dsseEnvelope.signatures[0].sig' report.sigstore.json | base64 -d >s; "

    private static let workflow =
        "cd lay/wd && in-toto-verify -l ../root.layout --verification-keys ../owner.pub --link-dir .."
    private static let tokens =
        "python \(TestPrograms.repository)/Tests/ThirdParty/token-check att.pub \(FreshEvidence.nonce) "
        + "\(FreshEvidence.issuer) "

    /// Commands of the attestation specification, section 13.
    static let commands = [
        sigstore,
        signed + "openssl dgst -sha256 -verify att.pub -signature s pae",
        "openssl verify -x509_strict -no_check_time -CAfile root.pem -untrusted inter.pem leaf.pem",
        "openssl verify -x509_strict -purpose timestampsign -CAfile tsa-root.pem tsa.pem",
        signed + "openssl ts -verify -in report.tsr -data s -CAfile tsa-root.pem -untrusted tsa.pem",
        "python \(TestPrograms.repository)/Tests/ThirdParty/securesystemslib-check report.dsse.json att.pub",
        workflow,
        tokens + "report.cwt",
        tokens + "report.jwt",
    ]

    @Test(arguments: commands)
    func `strangers' tools accept a fresh report`(command: String) throws {
        let evidence = try FreshEvidence.shared().copy()
        let run = try evidence.shell(command)
        #expect(run.status == 0, "\(command): \(run.output)")
    }

    @Test(arguments: [
        ("table.csv", "affairs", "affair5"), ("report.sigstore.json", "\"logIndex\":\"", "\"logIndex\":\"1"),
        ("report.sigstore.json", "\"sig\":\"ME", "\"sig\":\"MF"),
        ("report.sigstore.json", "\"signedTimestamp\":\"MI", "\"signedTimestamp\":\"MJ"),
        ("report.sigstore.json", "\"rootHash\":\"", "\"rootHash\":\"AAAA"),
        ("trust_config.json", "\"timestampAuthorities\":[{", "\"timestampAuthorities\":[],\"x\":[{"),
    ])
    func `sigstore refuses what was changed, so its word counts`(file: String, old: String, new: String) throws {
        let evidence = try FreshEvidence.shared().copy()
        try evidence.edit(file, old, new)
        let run = try evidence.shell(Self.sigstore)
        #expect(run.status != 0, "\(file): \(run.output)")
    }

    @Test(arguments: [
        "printf x >>lay/wd/table.csv", "echo x >lay/wd/other.csv", "rm lay/review.*.link", "rm lay/submit.*.link",
        "openssl genpkey -algorithm ed25519 -out k; openssl pkey -in k -pubout -out lay/owner.pub",
        // Another job of the same people, each link with a good signature.
        "cp -f $OTHER/lay/submit.*.link lay/", "cp -f $OTHER/lay/review.*.link lay/",
        "cp -f $OTHER/lay/run.*.link lay/",
    ])
    func `in-toto refuses another code, a missing reviewer and a changed result`(change: String) throws {
        let evidence = try FreshEvidence.shared().copy()
        let other = "OTHER=$(dirname $(ls -d \(try FreshEvidence.shared().state)/demo/job_*/lay | head -1)); "
        try #require(try evidence.shell(other + "set -e; " + change).status == 0)
        let run = try evidence.shell(Self.workflow)
        #expect(run.status != 0, "\(change): \(run.output)")
        let ours = try Self.verify(evidence)
        #expect(ours.status == 1 && ours.output.contains("\"reason\":\"workflow."), "\(change): \(ours.output)")
    }

    @Test func `what verified is summed up under the verifier's key for strangers' tools, what is refused is not`()
        throws
    {
        let evidence = try FreshEvidence.shared().copy()
        func sum(_ file: String, _ out: String) throws -> TestPrograms.Outcome {
            try evidence.shell(
                "\(TestPrograms.path("glovebox")) verify report.dsse.json --trust trust_config.json --accept emulated "
                    + "--nonce \(FreshEvidence.nonce) \(file) --summary \(out) --summary-key v.pem"
            )
        }
        let made = try evidence.shell(
            "openssl genpkey -algorithm ed25519 -out v.pem && openssl pkey -in v.pem -pubout -out v.pub"
        )
        try #require(made.status == 0, "\(made.output)")
        #expect(try sum("table.csv", "table.vsa.json").status == 0)
        let checked = try evidence.shell(
            """
            python \(TestPrograms.repository)/Tests/ThirdParty/securesystemslib-check table.vsa.json v.pub &&
            jq -r .payload table.vsa.json | base64 -d >vsa && jq -e --arg table $(sha256sum <table.csv | cut -c1-64) \
              --arg report $(sha256sum <report.dsse.json | cut -c1-64) '
              ._type == "https://in-toto.io/Statement/v1" and
              .predicateType == "https://slsa.dev/verification_summary/v1" and
              .subject == [{name: "outputs/table.csv", digest: {sha256: $table}}] and (.predicate |
              .verificationResult == "PASSED" and .glovebox_accepted == ["emulated"] and
              .inputAttestations[0].digest.sha256 == $report and (.timeVerified | fromdate > 1700000000) and
              (.verifier.id | startswith("https://")) and (.resourceUri | startswith("\(FreshEvidence.identity)#job_")))' vsa || (cat vsa; false)
            """
        )
        #expect(checked.status == 0, "\(checked.output)")
        #expect(try sum("", "report.vsa.json").status == 0)
        try #require(try evidence.shell("echo x >>table.csv").status == 0)
        #expect(try sum("table.csv", "refused.vsa.json").status == 1)
        #expect(try evidence.shell("ls refused.vsa.json").status != 0)
    }

    @Test func `our own verifier judges workflow, start statement, key release and tokens of a fresh report`() throws {
        let evidence = try FreshEvidence.shared().copy()
        // in-toto's inspection leaves a link of its own beside the released files.
        try #require(try evidence.shell(Self.workflow).status == 0)
        let run = try Self.verify(evidence)
        #expect(run.status == 0, "\(run.output)")
        let checks = try JSONReader.read(Array(run.output.utf8))["checks"]?.array ?? []
        let passed = checks.filter { $0["status"] == "passed" }.compactMap { $0["id"]?.string }
        for id in [
            "workflow.layout", "workflow.review", "workflow.release", "workflow.files", "start.signature",
            "start.certificate", "start.claims", "key.released", "key.evidence", "key.paid", "key.order", "token.cwt",
            "token.jwt",
        ] {
            #expect(passed.contains(id), "\(id)")
        }
        for (change, reason) in [
            ("rm start.pem", "start.missing"), ("cp issued.entry key.entry", "log.root-mismatch"),
            ("rm key.entry", "kbs.log-first"), ("rm budget.entry", "kbs.budget"), ("rm -r lay", "workflow.missing"),
            ("printf x >>report.cwt", "token.form"),
        ] {
            let changed = try evidence.copy()
            try #require(try changed.shell(change).status == 0)
            let run = try Self.verify(changed)
            #expect(run.status == 1 && run.output.contains("\"reason\":\"\(reason)\""), "\(run.output)")
        }
    }

    private static func verify(_ evidence: FreshEvidence) throws -> TestPrograms.Outcome {
        try TestPrograms.run(
            "glovebox",
            [
                "verify", evidence.directory + "/report.dsse.json", "--trust",
                evidence.directory + "/trust_config.json", "--nonce", FreshEvidence.nonce, "--accept", "emulated",
                "--json", evidence.directory + "/table.csv",
            ]
        )
    }

    @Test(arguments: [
        (
            "report.cwt",
            "python -c \"import sys; b=bytearray(open('report.cwt','rb').read()); b[-1]^=1; "
                + "open('report.cwt','wb').write(b)\""
        ),
        (
            "report.jwt",
            "python -c \"t=open('report.jwt').read().split('.'); t[1]=t[1][:99]+('A' if t[1][99]!='A' else 'B')"
                + "+t[1][100:]; open('report.jwt','w').write('.'.join(t))\""
        ),
    ])
    func `cwt and PyJWT refuse a changed token`(file: String, change: String) throws {
        let evidence = try FreshEvidence.shared().copy()
        try #require(try evidence.shell(change).status == 0)
        let run = try evidence.shell(Self.tokens + file)
        #expect(run.status != 0, "\(run.output)")
    }

    @Test func `OpenSSL and securesystemslib refuse another signature, another time stamp and another key`() throws {
        let evidence = try FreshEvidence.shared().copy()
        try LogOnDisk.write([UInt8](repeating: 7, count: 70), evidence.directory + "/other")
        for command in [
            Self.signed + "printf x >>pae; openssl dgst -sha256 -verify att.pub -signature s pae",
            "openssl ts -verify -in report.tsr -data other -CAfile tsa-root.pem -untrusted tsa.pem",
            Self.signed + "openssl ts -verify -in report.tsr -data s -CAfile root.pem -untrusted tsa.pem",
            "openssl verify -x509_strict -no_check_time -CAfile tsa-root.pem -untrusted inter.pem leaf.pem",
            "openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout >o.pub; "
                + "python \(TestPrograms.repository)/Tests/ThirdParty/securesystemslib-check report.dsse.json o.pub",
        ] {
            let run = try evidence.shell(command)
            #expect(run.status != 0, "\(command): \(run.output)")
        }
    }
}
