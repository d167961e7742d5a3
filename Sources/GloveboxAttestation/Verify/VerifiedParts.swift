internal import GloveboxCore
internal import GloveboxTransparency

/// The files as read, each or nothing.
struct VerifiedParts {
    let envelope: Envelope?
    let statement: Statement?
    let report: Report?
    let manifest: Manifest?
    let manifestEnvelope: Envelope?
    let leaf: ParsedCertificate?
    let platform: ParsedCertificate?
    let root: ParsedCertificate?
    let trust: TrustStore?
    let bundle: SigstoreBundle.Parts?
    /// When the run began, by the log; nil until that is shown.
    var began: Instant?

    /// Reads all files, recording what cannot be read.
    init(_ input: VerifyInput, _ checks: inout CheckList) {
        _ = checks.run(.input, "input.files") { () throws(GloveboxError) in try input.check() }
        envelope = checks.run(.parse, "report.envelope") { () throws(GloveboxError) in
            try Envelope(parsing: input.file(EvidenceFiles.report))
        }
        statement = checks.run(.parse, "report.statement", envelope) { envelope throws(GloveboxError) in
            try Statement(parsing: envelope.payload, expecting: .report)
        }
        report = checks.run(.parse, "report.predicate", statement) { statement throws(GloveboxError) in
            try Report(predicate: statement.predicate)
        }
        manifest = checks.run(.parse, "manifest.payload") { () throws(GloveboxError) in
            try Manifest(parsing: input.file(EvidenceFiles.manifest))
        }
        manifestEnvelope = checks.run(.parse, "manifest.envelope") { () throws(GloveboxError) in
            try Envelope(parsing: input.file(EvidenceFiles.manifestEnvelope))
        }
        if let file = input.evidence[EvidenceFiles.bundle] {
            bundle = checks.run(.parse, "bundle.form") { () throws(GloveboxError) in try SigstoreBundle.parse(file) }
        } else {
            bundle = nil
            checks.leaveOut(.parse, "bundle.form", "there is no Sigstore bundle here")
        }
        leaf = checks.run(.parse, "cert.leaf") { () throws(GloveboxError) in
            try ParsedCertificate(pem: input.file(EvidenceFiles.leaf))
        }
        platform = checks.run(.parse, "cert.platform") { () throws(GloveboxError) in
            try ParsedCertificate(pem: input.file(EvidenceFiles.platform))
        }
        root = checks.run(.parse, "cert.root") { () throws(GloveboxError) in
            try ParsedCertificate(pem: input.file(EvidenceFiles.root))
        }
        var checkpoint: SignedNote?
        if let proof = input.evidence[EvidenceFiles.proof] {
            // What is wrong with it, the check of the proof tells.
            do throws(GloveboxError) {
                checkpoint = try SignedNote(parsing: TlogProof(parsing: proof).checkpoint)
            } catch {}
        }
        let named = NamedKeys(
            checkpoint: checkpoint,
            platform: platform?.der,
            timestamps: leaf.flatMap(CertificateTimestamp.key(namedIn:)),
            timeAuthority: input.timeAuthority
        )
        trust = checks.run(.parse, "trust.files") { () throws(GloveboxError) in
            try TrustStore(input.trust, for: named)
        }
    }

    /// The report with its id.
    var identified: (report: Report, id: Digest)? {
        guard let report, let envelope else { return nil }
        return (report, envelope.payloadDigest)
    }

    /// The chain, when all of it can be read.
    var certificates: CertificateChecks? {
        guard let leaf, let platform, let root, let trust else { return nil }
        return CertificateChecks(leaf: leaf, platform: platform, root: root, trust: trust)
    }

    /// Checks on people.
    var people: ApprovalChecks? {
        guard let report, let manifest, let trust else { return nil }
        var people = ApprovalChecks(report: report, manifest: manifest, trust: trust)
        if let began { people.began = began }
        return people
    }

    /// Checks on what ran.
    var measurements: MeasurementChecks? {
        guard let report, let manifest else { return nil }
        return MeasurementChecks(report: report, manifest: manifest)
    }
}
