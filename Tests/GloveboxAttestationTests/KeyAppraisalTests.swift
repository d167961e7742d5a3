import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// What a key broker accepts, and everything that it does not.
@Suite struct KeyAppraisalTests {
    @Test func `a run that proves everything may have the key, for its own HPKE key`() throws {
        let appraisal = try KeyScenario().appraise()
        #expect(appraisal.causes.map(\.description) == [])
        let run = try #require(appraisal.run)
        #expect(run.job == "job_1" && run.run == 1 && run.hpkeKey == KeyScenario.hpkeKey)
        #expect(run.outputPolicy == Scenario.digest("output") && run.trustVersion == 1)
    }

    @Test(arguments: KeyMutation.all)
    func `a key is refused, with its cause,`(mutation: KeyMutation) throws {
        var scenario = KeyScenario()
        mutation.edit(&scenario)
        let appraisal = try scenario.appraise()
        #expect(appraisal.run == nil)
        #expect(appraisal.causes.map(\.code).contains(mutation.cause), "\(appraisal.causes)")
    }

    @Test func `trust files that were read before are checked again, and others are read anew`() throws {
        let reader = TrustReader()
        let (evidence, root, _) = try KeyScenario().made()
        func causes(
            _ scenario: KeyScenario = KeyScenario(),
            trust: [String: [UInt8]]? = nil,
            root other: [UInt8]? = nil
        ) throws -> [String] {
            let said = try scenario.appraiseForSigner(evidence, trust: trust, root: other ?? root, reading: reader)
            return said.causes.map(\.code)
        }
        var later = KeyScenario()
        later.seenTrustVersion = 2
        let strange = try KeyScenario().made()
        for _ in 0..<2 {
            #expect(try causes().isEmpty)
            #expect(try causes(root: SigningKey().publicKey.spki) == ["trust.signature"])
            #expect(try causes(later) == ["trust.rollback"])
            #expect(try causes(trust: strange.evidence.trust).contains("trust.signature"))
            for name in TrustFiles.Name.all {
                var changed = evidence.trust
                changed[name] = strange.evidence.trust[name]
                // A log's policy may be the same at two sites.
                if changed != evidence.trust { #expect(try !causes(trust: changed).isEmpty, "\(name)") }
                changed[name] = nil
                #expect(try causes(trust: changed) == ["input.io"], "\(name)")
            }
        }
    }

    @Test func `a start statement is signed for an approved run that starts now, and for no other`() throws {
        let sound = try KeyScenario().appraiseForSigner()
        #expect(sound.causes.map(\.description) == [] && sound.trustVersion == 1)
        var idle = KeyScenario()
        idle.request = nil
        #expect(try idle.appraiseForSigner().causes.isEmpty, "a run that asks for no key")
        // What a broker refuses a key for and a signer can see, too, before there is a certificate.
        let seen: Set = [
            "time.future", "time.regress", "trust.signature", "trust.rollback", "svn.downgrade", "tpm.signature",
            "code.mismatch", "rootfs.mismatch", "invocation.mismatch", "approval.signature", "approval.manifest",
            "approval.expired", "approval.reused", "approval.threshold", "approval.separation", "key.unknown",
            "key.wrong-role", "key.expired",
        ]
        var tried: Set<String> = []
        for mutation in KeyMutation.all where seen.contains(mutation.cause) {
            var scenario = KeyScenario()
            mutation.edit(&scenario)
            var causes: [String] = []
            do { causes = try scenario.appraiseForSigner().causes.map(\.code) } catch let error as GloveboxError {
                causes = [error.code]
            }
            #expect(causes.contains(mutation.cause), "\(mutation.testDescription): \(causes)")
            tried.insert(mutation.cause)
        }
        #expect(tried.count > 12, "\(tried)")
        for edit in [
            { $0.attester.supervisor = Scenario.digest("x") }, { $0.attester.mapped[0].digest = Scenario.digest("x") },
            { $0.attester.kernel.version = "6.1.0" },
        ] as [@Sendable (inout Report) -> Void] {
            var scenario = KeyScenario()
            scenario.editReport = edit
            #expect(try scenario.appraiseForSigner().causes.map(\.code).contains("reference.mismatch"))
        }
    }

    /// A root as a site had it before the present one.
    private static func root() throws -> CertificateAuthority {
        try CertificateAuthority.makeRoot(site: "hospital-a", now: Scenario.start.adding(seconds: -86_400))
    }

    @Test(arguments: [1, 2])
    func `a broker follows the root it was given to its heir, in as many steps as there were`(steps: Int) throws {
        let roots = try (0..<steps).map { _ in try Self.root() }
        var scenario = KeyScenario()
        scenario.root = roots[0].key.publicKey.spki
        scenario.successions = { heir in
            try zip(roots, roots.dropFirst() + [heir]).map { try RootSuccession(from: $0, to: $1) }
        }
        let appraisal = try scenario.appraise()
        #expect(appraisal.causes.map(\.description) == [])
        #expect(appraisal.run != nil)
    }

    @Test func `a root that the broker's own did not name as its heir gets no key`() throws {
        let (given, other) = (try Self.root(), try Self.root())
        let chains: [(CertificateAuthority) throws -> [RootSuccession]] = [
            { _ in [] },
            // Another root's word, and the broker's root's word for another.
            { heir in [try RootSuccession(from: other, to: heir)] },
            { _ in [try RootSuccession(from: given, to: other)] },
            // A chain in the wrong order.
            { heir in [try RootSuccession(from: other, to: heir), try RootSuccession(from: given, to: other)] },
            // The heir speaks for its forerunner.
            { heir in [try RootSuccession(from: heir, to: given)] },
            // A word whose signature is another's.
            { heir in
                let mine = try RootSuccession(from: given, to: other)
                var json = try RootSuccession(from: other, to: heir).json
                json.edit("from") { _ in mine.json["from"] }
                return [try RootSuccession(json: json)]
            },
        ]
        for (number, chain) in chains.enumerated() {
            var scenario = KeyScenario()
            scenario.root = given.key.publicKey.spki
            scenario.successions = chain
            let appraisal = try scenario.appraise()
            #expect(appraisal.run == nil, "chain \(number)")
            #expect(appraisal.causes.map(\.code) == ["trust.signature"], "chain \(number)")
        }
    }

    @Test func `every cause of a refused key is told`() throws {
        var scenario = KeyScenario()
        scenario.expectedNonce[1] ^= 1
        scenario.editTrust = { $0.reference.kernels = [] }
        scenario.editReport = {
            $0.attester.supervisor = Scenario.digest("x")
            $0.rootfs.digest = Scenario.digest("y")
        }
        let causes = try scenario.appraise().causes.map(\.code)
        #expect(
            causes == [
                "kbs.nonce", "reference.mismatch", "reference.mismatch", "reference.missing", "rootfs.mismatch",
            ]
        )
    }

    @Test func `garbage in place of any part is a refusal`() throws {
        let junk = [UInt8](repeating: 0xff, count: 4096)
        for part in 0..<6 {
            var scenario = KeyScenario()
            scenario.editEvidence = { sound in
                KeyEvidence(
                    statement: part == 0 ? junk : sound.statement,
                    leaf: part == 1 ? junk : sound.leaf,
                    manifest: part == 2 ? junk : sound.manifest,
                    manifestEnvelope: part == 3 ? junk : sound.manifestEnvelope,
                    votes: part == 4 ? [junk] : sound.votes,
                    trust: part == 5 ? sound.trust.mapValues { _ in junk } : sound.trust
                )
            }
            let appraisal = try scenario.appraise()
            #expect(appraisal.run == nil && !appraisal.causes.isEmpty)
        }
    }

    @Test func `a report names the key that was released and whom it was sealed to`() throws {
        let recipient = [UInt8](repeating: 2, count: 32)
        let binding = Report.KeyBinding(kekID: Scenario.digest("kek"), hpkeKey: Hashing.sha256(recipient))
        var scenario = Scenario()
        scenario.startSpec.request = Report.KeyRequest(nonce: recipient, hpkeKey: recipient)
        scenario.editReport = { $0.keyBinding = binding }
        scenario.startSpec.editKeyEvent = { event in
            event.edit("unmapped", "glovebox", "kekId") { _ in .string(binding.kekID.hex) }
            event.edit("unmapped", "glovebox", "hpkeKey") { _ in .string(binding.hpkeKey.hex) }
        }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified)
        let payload = try Envelope(parsing: #require(scenario.build().evidence[EvidenceFiles.report])).payload
        let predicate = try #require(try JSONReader.read(payload)["predicate"])
        #expect(predicate["keyRelease"]?["kekId"]?.string == binding.kekID.hex)
        #expect(predicate["keyRelease"]?["hpkeKey"]?["sha256"]?.string == binding.hpkeKey.hex)
        #expect(try Report(predicate: predicate).keyBinding == binding)
    }
}
