import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What signs reports, as a process of its own.
@Suite(.serialized, .enabled(if: TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil, "needs GLOVEBOX_FAIR_CSV"))
struct SignerTests {
    /// A site with a finished job, and that job's report.
    private static func reported() throws -> (test: TestSite, job: String, report: [UInt8]) {
        let test = try TestSite()
        try test.start()
        let job = try test.submit("print(1)\n")
        try test.vote(.approve, on: job)
        _ = try test.wait(for: job) { $0.evidence != nil && $0.job.phase.isTerminal }
        let file = try #require(test.shownReceipt(job).files.first { $0.path == EvidenceFiles.report })
        return (test, job, try Envelope(parsing: file.content).payload)
    }

    /// What a supervisor shows beside a statement about a job.
    private static func evidence(_ test: TestSite, _ job: String) throws -> SignerEvidence {
        let entry = try? test.entry(job)
        return SignerEvidence(
            manifest: entry?.manifest.bytes ?? [],
            manifestEnvelope: entry?.envelope ?? [],
            trust: Dictionary(uniqueKeysWithValues: try test.site.trust().files.map { ($0.path, $0.content) })
        )
    }

    private static func evidence(_ shown: SignerEvidence?, trust: [String: [UInt8]]) -> SignerEvidence {
        SignerEvidence(manifest: shown?.manifest ?? [], manifestEnvelope: shown?.manifestEnvelope ?? [], trust: trust)
    }

    private static func expectRefusal(_ code: String, of request: SigningRequest, by signer: SignerLink) throws {
        let refusal = #expect(throws: GloveboxError("signer.evidence", "")) { try signer.sign(request) }
        #expect(refusal?.message.contains(code + ": ") == true, "\(code): \(refusal?.message ?? "")")
    }

    private static func admissions(_ report: [UInt8]) throws -> [String] {
        try #require(JSONReader.read(report)["predicate"]?["assurance"]?["notProven"]?.array).compactMap(\.string)
    }

    @Test func `a signer signs a whole statement of this site, once, with a leaf that the log has`() throws {
        let (test, job, report) = try Self.reported()
        let (site, signer) = (test.site, test.site.signer)
        func request(_ payload: [UInt8], for logged: String? = nil) throws -> SigningRequest {
            let key = try signer.leaf().digest
            let event = Event(kind: .keyCreated, job: logged ?? job, fields: [("spki", .string(key.hex))])
            let (entry, proof) = try site.log.proof(site.record(event))
            return SigningRequest(
                leaf: key,
                payload: payload,
                withTokens: true,
                entry: entry,
                proof: proof.bytes,
                evidence: try Self.evidence(test, job)
            )
        }
        func edited(_ edit: (inout JSONObject) throws -> Void) throws -> [UInt8] {
            var object = try #require(JSONReader.read(report).object)
            try edit(&object)
            return CanonicalJSON.encode(.object(object))
        }
        func claim(_ name: String, _ value: JSONValue?) throws -> [UInt8] {
            try edited { object in
                var predicate = try #require(object["predicate"]?.object)
                predicate[name] = value
                object["predicate"] = .object(predicate)
            }
        }
        let good = try request(report)
        let signed = try signer.sign(good)
        let leaf = try VerifyingKey(certificate: signed.certificate)
        try leaf.check(signed.envelope.signature, over: signed.envelope.pae)
        #expect(leaf.digest == good.leaf && signed.envelope.payload == report)
        #expect(signed.timestamp != nil && signed.tokens != nil)
        #expect(throws: GloveboxError("signer.leaf", "")) { try signer.sign(good) }

        let other = try #require(JSONReader.read(report)["predicate"]?["attester"]?.object)
        var stranger = other
        stranger["identity"] = "https://log.other.example/glovebox/attester"
        for (code, payload) in [
            ("statement.predicate-type", try edited { $0["predicateType"] = .string(PredicateType.manifest.rawValue) }),
            ("statement.predicate-type", try edited { $0["predicateType"] = "https://other.example/v1" }),
            ("statement.type", try edited { $0["_type"] = "x" }),
            ("schema.unknown-field", try claim("extra", 1)), ("schema.missing-field", try claim("nonce", nil)),
            ("cert.identity", try claim("attester", .object(stranger))),
            ("statement.subject-digest", try claim("manifestDigest", Digest.zero.json)),
            ("statement.no-subject", try edited { $0["subject"] = [] }), ("json.not-canonical", report + [0x20]),
        ] {
            let bad = try request(payload)
            #expect(throws: GloveboxError(code, "")) { try signer.sign(bad) }
            #expect(throws: GloveboxError("signer.leaf", ""), "a leaf that was refused is gone") {
                try signer.sign(SigningRequest(bad, payload: report))
            }
        }
        // Not shown to be in the log: another key's entry, another job's, an entry that was changed, none.
        let elsewhere = try request(report, for: try test.submit("print(2)\n"))
        #expect(throws: GloveboxError("signer.log-first", "")) { try signer.sign(elsewhere) }
        for change: (inout SigningRequest) -> Void in [
            { ($0.entry, $0.proof) = (good.entry, good.proof) }, { $0.entry.append(0x20) }, { $0.proof = [] },
        ] {
            var bad = try request(report)
            change(&bad)
            #expect(throws: GloveboxError("signer.log-first", "")) { try signer.sign(bad) }
        }
        // A supervisor, kernel or TPM that the owners' reference values do not list, and values of somebody else.
        for (code, name, value) in [
            ("reference.mismatch", "supervisor", ["digest": Digest.zero.json, "svn": "1"]),
            ("reference.mismatch", "mapped", [["digest": Digest.zero.json, "path": "/tmp/late.so"]]),
        ] as [(String, String, JSONValue)] {
            var attester = other
            attester[name] = value
            let bad = try request(claim("attester", .object(attester)))
            try Self.expectRefusal(code, of: bad, by: signer)
        }
        // What is released was approved by enough others, and is of the plan that they approved.
        for (code, name, value) in [
            ("data.mismatch", "inputs", []), ("approval.threshold", "approvals", []),
            ("approval.threshold", "approvalQuorum", ["have": "0", "need": "0"]),
        ] as [(String, String, JSONValue)] {
            let bad = try request(
                edited { object in
                    var predicate = try #require(object["predicate"]?.object)
                    (predicate["outcome"], predicate[name]) = ("released", value)
                    object["predicate"] = .object(predicate)
                }
            )
            try Self.expectRefusal(code, of: bad, by: signer)
        }
        let foreign = try Self.evidence(TestSite(), job)
        for (code, change) in [
            ("input.missing", { $0.evidence = nil }),
            ("input.io", { $0.evidence = Self.evidence($0.evidence, trust: [:]) }),
            ("trust.signature", { $0.evidence = Self.evidence($0.evidence, trust: foreign.trust) }),
        ] as [(String, (inout SigningRequest) -> Void)] {
            var bad = try request(report)
            change(&bad)
            try Self.expectRefusal(code, of: bad, by: signer)
        }
        // What was published since is what counts: the values of before are refused once newer ones were seen.
        let before = try Self.evidence(test, job)
        _ = try TestSite.person("nora", .reviewer, site)
        _ = try signer.sign(request(report))
        var late = try request(report)
        late.evidence = before
        try Self.expectRefusal("trust.rollback", of: late, by: signer)
        // A signer that ended has not forgotten.
        try #require(kill(#require(signer.process), SIGKILL) == 0)
        _ = try? signer.leaf()  // it finds that out, and the next call starts another
        late = try request(report)
        late.evidence = before
        try Self.expectRefusal("trust.rollback", of: late, by: signer)
        var unknown = try request(report)
        unknown.leaf = .zero
        #expect(throws: GloveboxError("signer.leaf", "")) { try signer.sign(unknown) }
    }

    @Test func `a signer that was killed is started again; one whose keys do not open lets no site start`() throws {
        let (test, _, _) = try Self.reported()
        let first = try #require(test.site.signer.process)
        let waiting = try test.site.signer.leaf()
        try #require(kill(first, SIGKILL) == 0)
        let job = try test.submit("print(2)\n")
        try test.vote(.approve, on: job)
        _ = try test.wait(for: job) { $0.evidence != nil && $0.job.phase.isTerminal }
        #expect(try #require(test.site.signer.process) != first)
        let lost = SigningRequest(leaf: waiting.digest, payload: [], withTokens: false, entry: [], proof: [])
        #expect(throws: GloveboxError("signer.leaf", "")) { try test.site.signer.sign(lost) }

        let layout = SiteLayout(root: try TestPrograms.scratch() + "/site")
        let founded = Instant(seconds: Machine.now().seconds)
        try SiteFounding.found(
            layout,
            configuration: SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: founded),
            policies: ShippedPolicies.documents()
        )
        let site = try Site(opening: layout)
        defer { site.close() }
        try StateFile.write(SigningKey().pem, to: layout.signerKeys + "/platform.key")
        try CompanionUser.signer.own(layout.signerKeys)
        #expect(throws: GloveboxError("cert.chain", "")) { try site.begin() }
        #expect(try SiteLog.records(site.log).allSatisfy { $0.kind != .supervisorStart })
    }

    @Test(.enabled(if: Kernel.isHostRoot, "needs root"))
    func `under root the signer is another user, whose directory nobody else may enter; reports tell`() throws {
        let (test, _, report) = try Self.reported()
        #expect(try !Self.admissions(report).contains("separate-signer"))
        let (site, user) = (test.site, try test.site.signer.user())
        #expect(try user != 0 && user != site.broker.greeting().user && site.isSignerSeparate())
        let status = try Kernel.readText("/proc/\(#require(site.signer.process))/status")
        #expect(status.contains("Uid:\t\(user)\t\(user)\t\(user)\t\(user)\n"))
        #expect(status.contains("NoNewPrivs:\t1") && status.contains("CapEff:\t0000000000000000"))
        let directory = try Descriptor.open(site.layout.signerKeys, O_RDONLY)
        for name in try [Array(".".utf8)] + directory.names() {
            let file = try Descriptor.open(String(decoding: name, as: UTF8.self), O_RDONLY, in: directory)
            #expect(try file.status().user == user && file.status().permissions & 0o077 == 0)
        }
        // The directory is the supervisor's own: the signer stays its user, and that is told.
        site.signer.close()
        for name in try [Array(".".utf8)] + directory.names() {
            try #require(unsafe chown(site.layout.signerKeys + "/" + String(decoding: name, as: UTF8.self), 0, 0) == 0)
        }
        #expect(try !site.isSignerSeparate())
        #expect(try site.weaknesses().contains { $0.contains("signer") })
    }
}

extension SigningRequest {
    fileprivate init(_ other: SigningRequest, payload: [UInt8]) {
        self = other
        self.payload = payload
    }
}
