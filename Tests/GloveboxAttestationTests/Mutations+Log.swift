import GloveboxCore
import GloveboxTransparency

@testable import GloveboxAttestation

extension Mutations {
    static let keys: [Mutation] = [
        Mutation("trust.signature", "a trust policy signed by another root") {
            $0.editTrustFiles = { files in
                guard let policy = files[TrustFiles.Name.trustPolicy],
                    let old = try? Envelope(parsing: policy, expecting: TrustPolicy.payloadType),
                    let new = try? SigningKey().sign(old.payload, type: TrustPolicy.payloadType)
                else { return }
                files[TrustFiles.Name.trustPolicy] = new.bytes
            }
        },
        Mutation("trust.signature", "a file beside the trust policy was changed") {
            $0.editTrustFiles = { $0[TrustFiles.Name.logPolicy]? += [10] }
        },
        Mutation("input.io", "no trust policy") { $0.editTrustFiles = { $0[TrustFiles.Name.trustPolicy] = nil } },
        Mutation("trust.rollback", "an older trust policy than one seen") { $0.options.seenTrustVersion = 2 },
        .report("trust.rollback", "an older trust policy than the report names") { $0.policies.trustVersion = 2 },
        Mutation("key.unknown", "the plan is signed by a stranger") { $0.manifestSigner = PersonSigner() },
        Mutation("key.wrong-role", "the plan is signed by a reviewer") { $0.manifestSigner = $0.reviewers[0] },
        .trust("key.wrong-role", "the plan is signed by another researcher") { $0.roles[0].account = "acc_other" },
        .report("key.wrong-role", "a delegated plan is not signed by the site") { $0.submission = .delegated },
        .trust("key.expired", "the researcher had left before the run") {
            $0.roles[0].validTo = Scenario.start.adding(seconds: -10)
        },
        .trust("key.revoked", "the researcher's key was revoked before the run") {
            let key = Digest(hex: $0.roles[0].key.keyID) ?? .zero
            $0.revocations = [Revocation(key: key, from: Scenario.start.adding(seconds: -10), logIndex: 1)]
        },
        Mutation("key.revoked", "the platform CA was revoked before the report") {
            $0.editSiteTrust = { policy, site in
                policy.revocations = [
                    Revocation(key: site.platform.key.publicKey.digest, from: Scenario.start, logIndex: 1)
                ]
            }
        },
        .evidence("approval.manifest", "the signed plan is another one") {
            if let other = try? PersonSigner().sign(Scenario.manifest().bytes) {
                $0["manifest.dsse.json"] = other.bytes
            }
        },
        .evidence("envelope.signature-invalid", "the researcher's signature over another plan") {
            guard let bytes = $0["manifest.dsse.json"], let old = try? Envelope(parsing: bytes) else { return }
            let wrong = [old.signature[0] ^ 1] + old.signature.dropFirst()
            $0["manifest.dsse.json"] =
                Envelope(payloadType: old.payloadType, payload: old.payload, keyID: old.keyID, signature: wrong).bytes
        },
    ]

    static let log: [Mutation] = [
        .evidence("input.io", "the run's beginning is not shown") { $0["run.entry"] = nil },
        .evidence("input.io", "the run's beginning is not proven") { $0["run.tlog-proof"] = nil },
        .evidence("log.index", "another entry for the run's beginning") {
            $0["run.entry"] = $0["key.entry"]
            $0["run.tlog-proof"] = $0["key.tlog-proof"]
        },
        beginning("log.entry-mismatch", "the run's beginning is another job's") {
            $0.edit("unmapped", "glovebox", "job") { _ in "job_2" }
        },
        beginning("log.entry-mismatch", "the run's beginning is of another plan") {
            $0.edit("unmapped", "glovebox", "plan") { _ in .string(Scenario.digest("x").hex) }
        },
        beginning("log.entry-mismatch", "the run's beginning is another run's") {
            $0.edit("unmapped", "glovebox", "run") { _ in "2" }
        },
        beginning("log.entry-mismatch", "the run's beginning is another kind of event") {
            $0.edit("unmapped", "glovebox", "event") { _ in "job.started" }
        },
        .report("time.regress", "a start dated back before the log's") {
            $0.time.start = Scenario.start.adding(seconds: -301)
        },
        Mutation("approval.expired", "an approval that had ended by the log, and not by the report") {
            $0.editReport = { $0.time.start = Scenario.start.adding(seconds: -10) }
            $0.editApproval = { $0.notAfter = Scenario.start }
        },
        Mutation("approval.expired", "an approval that had not begun by the log") {
            $0.editReport = { $0.time.start = Scenario.start.adding(seconds: 10) }
            $0.editApproval = { $0.notBefore = Scenario.start.adding(seconds: 5) }
        },
        Mutation("key.expired", "a researcher who had left by the log, and not by the report") {
            $0.editReport = { $0.time.start = Scenario.start.adding(seconds: -10) }
            $0.editTrust = { $0.roles[0].validTo = Scenario.start.adding(seconds: -5) }
        },
        .evidence("log.note-format", "a checkpoint whose signature has no dash before it") {
            $0["report.tlog-proof"] = $0["report.tlog-proof"]?.replacing("\u{2014} ", "- ")
        },
        Mutation("log.quorum", "a log that no witness of its policy has cosigned") {
            $0.witnessing = { site in
                let witness = try Cosigner.generate(name: "witness.example").key.vkey
                let log = "log \(site.log.key.vkey) https://\(site.log.key.name)"
                return Array("\(log)\nwitness w \(witness)\nquorum w\n".utf8)
            }
        },
        .report("time.regress", "the run ended before it started") { $0.time.end = $0.time.start.adding(seconds: -1) },
        .report("time.future", "the run ended after it was logged") { $0.time.end = $0.time.end.adding(seconds: 1000) },
        Mutation("time.future", "a report from the reader's future") {
            $0.options.now = Scenario.start.adding(seconds: -600)
        },
        .evidence("log.entry-mismatch", "a leaf of another report") {
            $0["report.entry"] = HashedRekord.body(paeDigest: Scenario.digest("x"), signature: [1], certificate: [2])
        },
        .evidence("log.proof-format", "a proof that is none") { $0["report.tlog-proof"] = Array("proof\n".utf8) },
        .evidence("log.root-mismatch", "a proof with one hash changed") {
            editProof(&$0) { $0[0] = Scenario.digest("x") }
        },
        .evidence("log.proof-length", "a proof with one hash less") { editProof(&$0) { $0.removeLast() } },
        .evidence("log.index", "the report's own leaf in place of the event") {
            $0["issued.tlog-proof"] = $0["report.tlog-proof"]
            $0["issued.entry"] = $0["report.entry"]
        },
        Mutation("log.index", "an entry between the report and its event") { $0.issuedGap = 1 },
        Mutation("log.entry-mismatch", "an event about another report") {
            $0.editIssued = { $0.edit("unmapped", "glovebox", "reportId") { _ in .string(Scenario.digest("x").hex) } }
        },
        Mutation("log.entry-mismatch", "an event about another leaf") {
            $0.editIssued = { $0.edit("unmapped", "glovebox", "reportLeaf") { _ in "0" } }
        },
        Mutation("log.entry-mismatch", "an event of another kind") {
            $0.editIssued = { $0.edit("unmapped", "glovebox", "event") { _ in "attestation.requested" } }
        },
        Mutation("log.entry-mismatch", "an event of another nonce") {
            $0.editIssued = { $0.edit("unmapped", "glovebox", "nonceDigest") { _ in "00" } }
        },
        Mutation("log.entry-mismatch", "an event of another log") {
            $0.editIssued = { $0.edit("unmapped", "glovebox", "origin") { _ in "log.other.example" } }
        },
        Mutation("log.key", "a log key that was not valid yet") {
            $0.keysValidFrom = Scenario.start.adding(seconds: 90)
        },
        .report("log.origin", "a report that names another log") { $0.log.origin = "log.other.example" },
        .report("log.index", "a start after the report") { $0.log.startIndex = 90 },
        .report("log.index", "a key release after the report") { $0.keyRelease = 90 },
        Mutation("log.size", "a checkpoint from before the start") {
            $0.editSiteReport = { report, site in
                report.log.checkpoint =
                    try Checkpoint(origin: Scenario.origin, size: 2, root: Scenario.digest("x")).signed(by: site.log)
            }
        },
        Mutation("log.checkpoint-signature", "a start checkpoint by another key of the same name") {
            $0.editSiteReport = { report, _ in
                let stranger = try NoteSigner.generate(name: Scenario.origin)
                report.log.checkpoint =
                    try Checkpoint(origin: Scenario.origin, size: 4, root: Scenario.digest("x")).signed(by: stranger)
            }
        },
        Mutation("log.rollback", "a checkpoint that already covered the report") {
            $0.editSiteReport = { report, site in
                report.log.checkpoint =
                    try Checkpoint(origin: Scenario.origin, size: 5, root: Scenario.digest("x")).signed(by: site.log)
            }
        },
        Mutation("boot.mismatch", "an event from another run of the machine") {
            $0.editIssued = { $0.edit("unmapped", "glovebox", "bootId") { _ in "another" } }
        },
        .report("boot.mismatch", "a report from another run of the machine") { $0.attester.kernel.bootID = "another" },
        Mutation("log.fork", "two trees of one size") {
            $0.editSiteReport = { report, site in
                report.log.checkpoint =
                    try Checkpoint(origin: Scenario.origin, size: 7, root: Scenario.digest("x")).signed(by: site.log)
            }
        },
    ]

    private static func editProof(_ files: inout [String: [UInt8]], _ edit: (inout [Digest]) -> Void) {
        guard let bytes = files["report.tlog-proof"], let old = try? TlogProof(parsing: bytes) else { return }
        var hashes = old.hashes
        edit(&hashes)
        files["report.tlog-proof"] = TlogProof(index: old.index, hashes: hashes, checkpoint: old.checkpoint).bytes
    }

    /// A change to the event that began the run.
    private static func beginning(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout JSONValue) -> Void
    ) -> Mutation {
        Mutation(reason, name) { $0.startSpec.editStarting = edit }
    }
}
