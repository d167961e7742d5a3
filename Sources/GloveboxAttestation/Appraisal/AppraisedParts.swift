internal import GloveboxCore

/// A key broker's evidence as read, each part or nothing.
struct AppraisedParts {
    let envelope: Envelope?
    let statement: Statement?
    let report: Report?
    let request: Report.KeyRequest?
    let manifest: Manifest?
    let manifestEnvelope: Envelope?
    let leaf: ParsedCertificate?
    let trust: TrustStore?

    /// Reads all parts, recording what cannot be read.
    init(_ evidence: KeyEvidence, _ checks: inout CheckList) {
        envelope = checks.run(.parse, "start.envelope") { () throws(GloveboxError) in
            try Envelope(parsing: evidence.statement)
        }
        statement = checks.run(.parse, "start.statement", envelope) { envelope throws(GloveboxError) in
            try Statement(parsing: envelope.payload, expecting: .start)
        }
        let read = checks.run(.parse, "start.predicate", statement) { statement throws(GloveboxError) in
            try Report.reading(start: statement.predicate)
        }
        report = read?.report
        request = read?.request
        manifest = checks.run(.parse, "manifest.payload") { () throws(GloveboxError) in
            try Manifest(parsing: evidence.manifest)
        }
        manifestEnvelope = checks.run(.parse, "manifest.envelope") { () throws(GloveboxError) in
            try Envelope(parsing: evidence.manifestEnvelope)
        }
        leaf = checks.run(.parse, "cert.leaf") { () throws(GloveboxError) in try ParsedCertificate(evidence.leaf) }
        trust = checks.run(.parse, "trust.files") { () throws(GloveboxError) in try TrustStore(evidence.trust) }
    }

    /// The chain, when all of it can be read.
    var certificates: CertificateChecks? {
        guard let leaf, let trust else { return nil }
        return CertificateChecks(leaf: leaf, platform: trust.platform, root: trust.root, trust: trust)
    }

    /// Checks on people.
    var people: ApprovalChecks? {
        guard let report, let manifest, let trust else { return nil }
        return ApprovalChecks(report: report, manifest: manifest, trust: trust)
    }

    /// Checks on what will run.
    var measurements: MeasurementChecks? {
        guard let report, let manifest else { return nil }
        return MeasurementChecks(report: report, manifest: manifest)
    }
}
