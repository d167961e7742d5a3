internal import GloveboxCore

/// What a node signed of the jails of a run, where the report says that one ran them.
struct NodeChecks {
    /// The claim that such a report does not prove.
    static let claim = "remote-node"

    let report: Report
    /// The evidence files of ``EvidenceFiles/nodes``, by name.
    let files: [String: [UInt8]]
    /// The site's root.
    let root: ParsedCertificate

    /// Whether there is anything to check.
    static func areDue(_ report: Report?, _ files: [String: [UInt8]]) -> Bool {
        !files.isEmpty || report?.node != nil || report?.assurance.notProven.contains(claim) == true
    }

    /// Everything that is wrong: `node.missing`, `node.certificate`, `node.statement`, codes of envelopes and the strict reader.
    var causes: [GloveboxError] {
        guard report.assurance.notProven.contains(Self.claim) else {
            let why = "a node is named or signed, and the report does not admit that one ran the job"
            return [GloveboxError("node.statement", why)]
        }
        guard let name = report.node else {
            return [GloveboxError("node.statement", "the report does not name the node that ran the job")]
        }
        var left = files
        let leaf = left.removeValue(forKey: EvidenceFiles.nodeLeaf)
        let authority = left.removeValue(forKey: EvidenceFiles.nodeAuthority)
        guard !left.isEmpty else {
            // Of a run that came to nothing a node may have had no time to sign.
            let isDue = report.outcome == .released
            return isDue ? [GloveboxError("node.missing", "the node signed nothing of what it ran")] : []
        }
        do throws(GloveboxError) {
            let key = try key(of: name, leaf ?? [], authority ?? [])
            for index in 0..<left.count {
                guard let file = left[EvidenceFiles.node(index)] else {
                    throw GloveboxError("node.statement", "the node's statements are not numbered one after the other")
                }
                try check(Envelope(parsing: file, expecting: NodeStatement.type), key)
            }
        } catch { return [error] }
        return []
    }

    /// The node's key, once the site's root vouches for it through the CA of nodes.
    private func key(
        of name: String,
        _ leaf: [UInt8],
        _ authority: [UInt8]
    ) throws(GloveboxError) -> VerifyingKey {
        let issuer = try ParsedCertificate(pem: authority)
        guard issuer.isSigned(by: root) else {
            throw GloveboxError("node.certificate", "the site's root did not certify the CA of the node's certificate")
        }
        let own = try ParsedCertificate(pem: leaf)
        let node = try NodeCertificate(own.der, issuedBy: [issuer.der])
        guard node.name.isSame(as: name) else {
            throw GloveboxError("node.certificate", "the node's certificate names another than the report")
        }
        guard node.notBefore <= report.time.start, report.time.start < node.notAfter else {
            throw GloveboxError("node.certificate", "the node's certificate was not good when the run began")
        }
        return own.publicKey
    }

    private func check(_ envelope: Envelope, _ key: VerifyingKey) throws(GloveboxError) {
        try key.check(envelope.signature, over: envelope.pae)
        let statement = try NodeStatement(parsing: envelope.payload)
        guard statement.job.isSame(as: report.jobID), statement.run == report.run,
            statement.plan == report.manifestDigest, statement.launcher == report.attester.launcher
        else {
            throw GloveboxError("node.statement", "the node signed for another run, plan or launcher than the report's")
        }
    }
}
