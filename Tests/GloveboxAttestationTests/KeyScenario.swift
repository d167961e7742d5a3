import GloveboxCore

@testable import GloveboxAttestation

/// A run that asks for a data key: the parts of a ``Scenario``, with a start statement in place of the report.
struct KeyScenario {
    static let nonce = [UInt8](repeating: 0x6e, count: 32)
    static let hpkeKey = [UInt8](repeating: 0x68, count: 32)

    var scenario = Scenario()
    var request: Report.KeyRequest? = Report.KeyRequest(nonce: nonce, hpkeKey: hpkeKey)
    var editTrust: (inout TrustPolicy) -> Void = { _ in }
    var editReport: (inout Report) -> Void = { _ in }
    var editStart: (inout JSONValue) -> Void = { _ in }
    var editEvidence: (KeyEvidence) -> KeyEvidence = { $0 }
    /// The key of the root that the broker has; the site's own when nil.
    var root: [UInt8]?
    /// What earlier roots said, given the site's own.
    var successions: (CertificateAuthority) throws -> [RootSuccession] = { _ in [] }
    var expectedNonce = nonce
    var commitment: Digest?
    var outputPolicy: (merged: Digest, base: Digest)?
    var now = Scenario.start.adding(seconds: 61)
    var seenTrustVersion: UInt64 = 0

    private final class Box {
        var report: Report?
        var root: [UInt8] = []
        var successions: [RootSuccession] = []
    }

    /// What a broker says.
    func appraise() throws -> KeyAppraisal {
        let (evidence, root, manifest) = try made()
        return KeyAppraisal(
            evidence,
            expecting: KeyExpectations(
                root: root,
                nonce: expectedNonce,
                commitments: [commitment ?? manifest.inputs[0].commit.value],
                outputPolicy: outputPolicy ?? (manifest.policies.output, manifest.policies.output),
                now: now,
                seenTrustVersion: seenTrustVersion
            )
        )
    }

    /// What the site's own signer says, before there is a certificate or a signature.
    func appraiseForSigner() throws -> SignerAppraisal {
        let (evidence, root, _) = try made()
        return try appraiseForSigner(evidence, root: root)
    }

    /// What it says of this evidence, with what it read before.
    func appraiseForSigner(
        _ evidence: KeyEvidence,
        trust: [String: [UInt8]]? = nil,
        root: [UInt8],
        reading reader: TrustReader = TrustReader()
    ) throws -> SignerAppraisal {
        let statement = try SupervisorStatement(
            parsing: Envelope(parsing: evidence.statement).payload,
            attester: Scenario.identity,
            now: now
        )
        return SignerAppraisal(
            statement,
            SignerEvidence(
                manifest: evidence.manifest,
                manifestEnvelope: evidence.manifestEnvelope,
                trust: trust ?? evidence.trust
            ),
            expecting: SignerAppraisal.Expectations(
                root: root,
                leaf: try ParsedCertificate(evidence.leaf).publicKey.digest,
                seenTrustVersion: seenTrustVersion,
                now: now
            ),
            reading: reader
        )
    }

    /// The evidence, the root's key and the plan, with keys of their own each time.
    func made() throws -> (evidence: KeyEvidence, root: [UInt8], manifest: Manifest) {
        let box = Box()
        var scenario = scenario
        let (editTrust, editReport, editStart, request) = (editTrust, editReport, editStart, request)
        let successions = successions
        scenario.editTrust = { policy in
            let (digest, manifest) = (Scenario.digest, Scenario.manifest())
            policy.reference.mapped = [digest("mapped")]
            policy.reference.seccompBPF = [digest("bpf")]
            policy.reference.images = [manifest.core.image.digest]
            policy.reference.profiles = [manifest.core.profile.digest]
            policy.reference.kernels = [digest("6.12.9")]
            policy.reference.policies = [digest("processing"), digest("output")]
            policy.successions = box.successions
            editTrust(&policy)
        }
        scenario.editSiteReport = { report, site in
            report.attester.mapped = [Report.CodeMapping(path: "/usr/bin/gloveboxd", digest: Scenario.digest("mapped"))]
            editReport(&report)
            box.report = report
            box.root = site.root.key.publicKey.spki
            box.successions = try successions(site.root)
        }
        scenario.editPayload = { payload in
            guard let start = box.report?.start(request), var value = try? JSONReader.read(start) else { return }
            editStart(&value)
            payload = CanonicalJSON.encode(value)
        }
        let files = try scenario.build()
        func file(_ name: String) -> [UInt8] { files.evidence[name] ?? [] }
        let evidence = KeyEvidence(
            statement: file(EvidenceFiles.report),
            leaf: try PEM.decode(file(EvidenceFiles.leaf), label: "CERTIFICATE"),
            manifest: file(EvidenceFiles.manifest),
            manifestEnvelope: file(EvidenceFiles.manifestEnvelope),
            votes: files.evidence.filter { $0.key.contains("approval") }.map(\.value),
            trust: files.trust
        )
        return (editEvidence(evidence), root ?? box.root, files.manifest)
    }
}
