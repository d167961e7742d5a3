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
        let binding = Report.KeyBinding(kekID: Scenario.digest("kek"), hpkeKey: Scenario.digest("hpke"))
        var scenario = Scenario()
        scenario.editReport = { $0.keyBinding = binding }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified)
        let payload = try Envelope(parsing: #require(scenario.build().evidence[EvidenceFiles.report])).payload
        let predicate = try #require(try JSONReader.read(payload)["predicate"])
        #expect(predicate["keyRelease"]?["kekId"]?.string == binding.kekID.hex)
        #expect(predicate["keyRelease"]?["hpkeKey"]?["sha256"]?.string == binding.hpkeKey.hex)
        #expect(try Report(predicate: predicate).keyBinding == binding)
    }
}
