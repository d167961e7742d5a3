package import GloveboxCore
internal import GloveboxTransparency

/// Names of the files in an evidence directory.
///
/// Source: attestation specification, section 1; decision 7.
package enum EvidenceFiles {
    /// The signed report.
    package static let report = "report.dsse.json"
    /// The statement signed before the data key was asked for.
    package static let start = "start.dsse.json"
    /// Certificate of the leaf that signed it.
    package static let startLeaf = "start.pem"
    /// The log's event that released the data key to the run.
    package static let keyEntry = "key.entry"
    /// Proof that the log holds it.
    package static let keyProof = "key.tlog-proof"
    /// The log's event of the payment for it.
    package static let paymentEntry = "budget.entry"
    /// Proof that the log holds it.
    package static let paymentProof = "budget.tlog-proof"
    /// The log's event that the run begins.
    package static let runEntry = "run.entry"
    /// Proof that the log holds it.
    package static let runProof = "run.tlog-proof"
    /// The log's event of what an answer cost of a privacy budget.
    package static let chargeEntry = "privacy.entry"
    /// Proof that the log holds it.
    package static let chargeProof = "privacy.tlog-proof"
    /// Public key of the leaf, PEM.
    package static let publicKey = "att.pub"
    /// Certificate of the leaf.
    package static let leaf = "leaf.pem"
    /// Certificate of the platform CA.
    package static let platform = "inter.pem"
    /// Certificate of the root.
    package static let root = "root.pem"
    /// The plan.
    package static let manifest = "manifest.json"
    /// The plan as the researcher signed it.
    package static let manifestEnvelope = "manifest.dsse.json"
    /// Folder of what a node signed of the jails that it ran.
    package static let nodes = "nodes/"
    /// The node's certificate, in that folder.
    package static let nodeLeaf = "nodes/node.pem"
    /// Certificate of the CA that issued it.
    package static let nodeAuthority = "nodes/ca.pem"
    /// Folder of the approvals.
    package static let approvals = "approvals/"
    /// Digests of the code.
    package static let codeDigests = "code.digests"
    /// The log leaf of the report.
    package static let entry = "report.entry"
    /// Proof that the log holds it.
    package static let proof = "report.tlog-proof"
    /// The event that announces the report.
    package static let issuedEntry = "issued.entry"
    /// Proof that the log holds the event.
    package static let issuedProof = "issued.tlog-proof"
    /// The report as a Sigstore bundle.
    package static let bundle = "report.sigstore.json"
    /// RFC 3161 response over the report's signature.
    package static let timestamp = "report.tsr"
    /// The report as CWT, on request.
    package static let cwt = "report.cwt"
    /// The report as JWT, on request.
    package static let jwt = "report.jwt"
    /// Certificate of the time-stamping authority.
    package static let timeAuthority = "tsa.pem"
    /// Certificate of its root.
    package static let timeRoot = "tsa-root.pem"
    /// Every output rule applied.
    package static let disclosure = "disclosure.json"

    /// The same record, signed by itself.
    package static let signedDisclosure = "disclosure.dsse.json"
    /// Certificate of the leaf that signed it.
    package static let disclosureLeaf = "disclosure.pem"

    /// Every name above that stands directly in the directory.
    package static let fixed =
        [
            report, bundle, start, startLeaf, keyEntry, keyProof, paymentEntry, paymentProof, runEntry, runProof,
            chargeEntry, chargeProof, publicKey, leaf, platform, root, timestamp, timeAuthority, timeRoot, manifest,
            manifestEnvelope, cwt, jwt, codeDigests, entry, proof, issuedEntry, issuedProof, disclosure,
            signedDisclosure, disclosureLeaf,
        ] + Quote.fileNames

    /// Whether a file belongs to the evidence; the others are results.
    package static func isEvidence(_ name: String) -> Bool {
        fixed.contains(name) || TrustFiles.Name.all.contains(name) || name.hasPrefix(approvals)
            || name.hasPrefix(workflow) || name.hasPrefix(nodes)
    }

    /// What a node signed of one jail, counted from 0.
    package static func node(_ index: Int) -> String { "\(nodes)\(index + 1).dsse.json" }

    /// The file of an approval: its position and the first 8 digits of its key.
    package static func approval(_ index: Int, keyID: String) -> String {
        "\(approvals)\(index + 1)-\(keyID.prefix(8)).dsse.json"
    }

    /// The files that follow from a signed report: envelope, keys, certificates and the log leaf.
    package static func signed(
        _ envelope: Envelope,
        leaf: [UInt8],
        platform: [UInt8],
        root: [UInt8]
    ) throws(GloveboxError) -> [(name: String, bytes: [UInt8])] {
        [
            (report, envelope.bytes), (publicKey, try ParsedCertificate(leaf).publicKey.pem),
            (EvidenceFiles.leaf, PEM.encode(leaf, label: "CERTIFICATE")),
            (EvidenceFiles.platform, PEM.encode(platform, label: "CERTIFICATE")),
            (EvidenceFiles.root, PEM.encode(root, label: "CERTIFICATE")),
            (entry, envelope.logEntry(certificate: leaf)),
        ]
    }
}

extension Envelope {
    /// The log leaf of a report signed under that certificate (DER).
    package func logEntry(certificate: [UInt8]) -> [UInt8] {
        HashedRekord.body(paeDigest: Hashing.sha256(pae), signature: signature, certificate: certificate)
    }
}
