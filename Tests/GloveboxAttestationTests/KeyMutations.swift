import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// One thing wrong with an otherwise sound request for a key, and the cause that must be told.
struct KeyMutation: Sendable, CustomTestStringConvertible {
    let cause: String
    let name: String
    let edit: @Sendable (inout KeyScenario) -> Void

    init(_ cause: String, _ name: String, _ edit: @escaping @Sendable (inout KeyScenario) -> Void) {
        (self.cause, self.name, self.edit) = (cause, name, edit)
    }

    var testDescription: String { "\(cause): \(name)" }

    private static func reference(
        _ cause: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout ReferenceValues) -> Void
    ) -> KeyMutation {
        KeyMutation(cause, name) { $0.editTrust = { edit(&$0.reference) } }
    }

    private static func report(
        _ cause: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout Report) -> Void
    ) -> KeyMutation {
        KeyMutation(cause, name) { $0.editReport = edit }
    }

    private static func start(
        _ cause: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout JSONValue) -> Void
    ) -> KeyMutation {
        KeyMutation(cause, name) { $0.editStart = edit }
    }

    private static func claim(_ statement: inout JSONValue, _ name: String, _ value: JSONValue?) {
        var claims = statement["predicate"]?.object ?? JSONObject()
        claims[name] = value
        var object = statement.object ?? JSONObject()
        object["predicate"] = .object(claims)
        statement = .object(object)
    }

    static let all = freshness + origin + references + measured + approved

    static let freshness: [KeyMutation] = [
        KeyMutation("kbs.nonce", "another nonce") { $0.expectedNonce[0] ^= 1 },
        KeyMutation("kbs.evidence", "no request for a key") { $0.request = nil },
        start("base64.invalid", "a nonce of 16 bytes") {
            claim(&$0, "keyRequest", ["nonce": "AAAAAAAAAAAAAAAAAAAAAA", "hpkeKey": "AAAAAAAAAAAAAAAAAAAAAA"])
        },
        KeyMutation("time.future", "a run of tomorrow") {
            $0.editReport = { $0.time.start = Scenario.start.adding(seconds: 400) }
        },
        KeyMutation("time.regress", "a statement from six minutes ago") {
            $0.editReport = { $0.time.start = Scenario.start.adding(seconds: -300) }
        },
        KeyMutation("cert.time", "a leaf that has ended") { $0.now = Scenario.start.adding(seconds: 3600) },
    ]

    static let origin: [KeyMutation] = [
        KeyMutation("trust.signature", "trust files of another root") {
            $0.root = SigningKey().publicKey.spki
        },
        KeyMutation("envelope.algorithm", "a broker whose root is no key") { $0.root = [1, 2, 3] },
        KeyMutation("trust.rollback", "a trust policy older than one seen") { $0.seenTrustVersion = 2 },
        KeyMutation("trust.signature", "a trust policy changed after it was signed") {
            $0.scenario.editTrustFiles = { files in
                let name = TrustFiles.Name.trustPolicy
                guard let old = files[name],
                    let envelope = try? Envelope(parsing: old, expecting: TrustPolicy.payloadType),
                    var policy = (try? JSONReader.read(envelope.payload))?.object
                else { return }
                policy["approvalThreshold"] = "2"
                files[name] =
                    Envelope(
                        payloadType: TrustPolicy.payloadType,
                        payload: CanonicalJSON.encode(.object(policy)),
                        keyID: envelope.keyID,
                        signature: envelope.signature
                    ).bytes
            }
        },
        KeyMutation("cert.chain", "a leaf of another CA") {
            $0.scenario.leaf.custom = { spec, _ in try spec.issue(under: Site().platform) }
        },
        KeyMutation("cert.identity", "a leaf for another attester") {
            $0.scenario.leaf.attester = "https://other.example/attester"
        },
        KeyMutation("cert.scope", "another CA for this attester") {
            $0.editTrust = { $0.attesters[0].caKeyIdentifier = [UInt8](repeating: 9, count: 20) }
        },
        KeyMutation("cert.sct-missing", "a site without certificate time stamps") {
            $0.scenario.withTimestamps = false
        },
        KeyMutation("key.revoked", "a platform CA that was revoked") {
            $0.scenario.editSiteTrust = { policy, site in
                policy.revocations = [
                    Revocation(key: site.platform.key.publicKey.digest, from: Scenario.start, logIndex: 1)
                ]
            }
        },
        KeyMutation("envelope.signature-invalid", "a statement changed after it was signed") {
            $0.editEvidence = { evidence in
                guard let old = try? Envelope(parsing: evidence.statement) else { return evidence }
                var payload = old.payload
                if let place = payload.firstRange(of: Array("job_1".utf8)) { payload[place.upperBound - 1] = 0x32 }
                let changed = Envelope(
                    payloadType: old.payloadType,
                    payload: payload,
                    keyID: old.keyID,
                    signature: old.signature
                )
                return evidence.with(statement: changed.bytes)
            }
        },
        KeyMutation("statement.predicate-type", "a report in place of a start statement") {
            $0.scenario.editPayload = { _ in }
            $0.editStart = { start in
                var object = start.object ?? JSONObject()
                object["predicateType"] = .string(PredicateType.report.rawValue)
                start = .object(object)
            }
        },
        start("schema.unknown-field", "a member that no version knows") { claim(&$0, "surprise", "x") },
        start("schema.unknown-field", "an outcome before the run") { claim(&$0, "outcome", "released") },
        start("schema.missing-field", "no policies") { claim(&$0, "policies", nil) },
        start("schema.version", "another profile") { claim(&$0, "profile", "glovebox-start/2") },
    ]

    static let references: [KeyMutation] = [
        KeyMutation("tpm.signature", "no quote, and the site has a TPM") {
            $0.editTrust = { $0.attestationKeys = [Scenario.attestationKey(from: Scenario.start)] }
        },
        report("assurance.insecure", "a switch that the trust policy does not accept") {
            $0.assurance.insecure = ["server.insecure_plain_http"]
        },
        reference("reference.missing", "no supervisor is listed") { $0.supervisors = [] },
        reference("reference.missing", "no launcher is listed") { $0.launchers = [] },
        reference("reference.missing", "no mapped file is listed") { $0.mapped = [] },
        reference("reference.missing", "no image is listed") { $0.images = [] },
        reference("reference.missing", "no jail profile is listed") { $0.profiles = [] },
        reference("reference.missing", "no kernel is listed") { $0.kernels = [] },
        reference("reference.missing", "no policy is listed") { $0.policies = [] },
        reference("reference.missing", "no filter is listed") { $0.seccompBPF = [] },
        report("reference.mismatch", "another supervisor") { $0.attester.supervisor = Scenario.digest("x") },
        report("reference.mismatch", "another launcher") { $0.attester.launcher = Scenario.digest("x") },
        report("reference.mismatch", "another mapped file") { $0.attester.mapped[0].digest = Scenario.digest("x") },
        report("reference.mismatch", "another kernel") { $0.attester.kernel.version = "6.12.10" },
        report("reference.mismatch", "another filter") { $0.jail.seccompBPF[0].digest = Scenario.digest("x") },
        report("reference.mismatch", "no filter") { $0.jail.seccompBPF = [] },
        report("reference.mismatch", "no processing policy") { $0.policies.processing = nil },
        reference("reference.mismatch", "an image that is not listed") { $0.images = [Scenario.digest("x")] },
        reference("reference.mismatch", "a profile that is not listed") { $0.profiles = [Scenario.digest("x")] },
        reference("reference.mismatch", "an output policy that is not listed") { $0.policies.removeLast() },
        reference("svn.downgrade", "a supervisor that is too old") { $0.minSVN = 2 },
    ]

    static let measured: [KeyMutation] = [
        report("rootfs.mismatch", "another image than approved") { $0.rootfs.digest = Scenario.digest("x") },
        report("jail.policy", "another profile than approved") { $0.jail.policy = Scenario.digest("x") },
        report("code.mismatch", "other code than approved") { $0.coreDigest = Scenario.digest("x") },
        report("invocation.mismatch", "another command than approved") { $0.invocation.argv.append("-v") },
        report("policy.version", "another output policy than approved") {
            $0.policies.output.digest = Scenario.digest("x")
        },
        report("policy.version", "an output policy below the floor") { $0.policies.output.version = 1 },
        report("data.mismatch", "other data than approved") { $0.inputs[0].version = 2 },
        report("statement.subject-digest", "another plan") { $0.manifestDigest = Scenario.digest("x") },
        KeyMutation("kbs.key", "a key of other data") { $0.commitment = Scenario.digest("x") },
        report("assurance.debug", "a supervisor with debugging on") { $0.assurance.debug = true },
        report("assurance.insecure", "a switch that is off") { $0.assurance.insecure = ["jail"] },
        report("assurance.not-proven", "no word on side channels") { $0.assurance.notProven = ["host-root-honest"] },
        report("tpm.signature", "a TPM without a quote") { $0.assurance.rootOfTrust = .tpm2 },
    ]

    static let approved: [KeyMutation] = [
        KeyMutation("approval.threshold", "no approval") { $0.scenario.reviewers = [] },
        KeyMutation("approval.threshold", "one approval of two") { $0.editTrust = { $0.approvalThreshold = 2 } },
        KeyMutation("approval.expired", "an approval that ended") {
            $0.scenario.editApproval = { $0.notAfter = Scenario.start.adding(seconds: -1) }
        },
        KeyMutation("approval.withdrawn", "a refusal among the votes") {
            $0.scenario.editApproval = { $0.decision = .refuse }
        },
        KeyMutation("approval.reused", "a second run under an approval for one") {
            $0.scenario.editApproval = { $0.maxRuns = 1 }
            $0.editReport = { $0.run = 2 }
        },
        KeyMutation("approval.manifest", "an approval of another plan") {
            $0.scenario.editApproval = { $0.manifestDigest = Scenario.digest("x") }
        },
        KeyMutation("key.unknown", "an approval by a stranger") { $0.scenario.approvalSigner = PersonSigner() },
        KeyMutation("key.unknown", "a plan signed by a stranger") { $0.scenario.manifestSigner = PersonSigner() },
        KeyMutation("key.wrong-role", "an approval by the researcher's key") {
            $0.scenario.approvalSigner = $0.scenario.researcher
        },
        KeyMutation("approval.separation", "a reviewer who is an operator") {
            $0.editTrust = { policy in
                guard let reviewer = policy.roles.last(where: { $0.role == .reviewer }) else { return }
                policy.roles.append(
                    RoleKey(.operator, account: reviewer.account, key: reviewer.key, validFrom: reviewer.validFrom)
                )
            }
        },
        KeyMutation("key.expired", "a reviewer who was enrolled after the run began") {
            $0.editTrust = { $0.roles[1].validFrom = Scenario.start.adding(seconds: 30) }
        },
    ]
}

extension KeyEvidence {
    func with(statement: [UInt8]) -> KeyEvidence {
        KeyEvidence(
            statement: statement,
            leaf: leaf,
            manifest: manifest,
            manifestEnvelope: manifestEnvelope,
            votes: votes,
            trust: trust
        )
    }
}
