internal import GloveboxCore
internal import GloveboxTransparency

/// The Sigstore bundle tells the same as the files beside it, and nothing that its own readers overlook is wrong.
///
/// Source: attestation specification, section 9.
struct BundleChecks {
    let bundle: SigstoreBundle.Parts
    let input: VerifyInput

    /// Everything in which bundle and directory differ: `report.conflict`, `cert.chain`, `log.entry-mismatch`,
    /// `timestamp.invalid`.
    func differences(_ envelope: Envelope, _ leaf: ParsedCertificate) -> [GloveboxError] {
        var causes: [GloveboxError] = []
        if bundle.envelope.payload != envelope.payload {
            causes.append(GloveboxError("report.conflict", "the bundle holds another report of this job"))
        } else if bundle.envelope.bytes != envelope.bytes {
            causes.append(GloveboxError("report.conflict", "the bundle holds another signature of this report"))
        }
        if bundle.certificate != leaf.der {
            causes.append(GloveboxError("cert.chain", "the bundle holds another certificate than leaf.pem"))
        }
        if bundle.entry != input.evidence[EvidenceFiles.entry] {
            causes.append(GloveboxError("log.entry-mismatch", "the bundle holds another log entry than report.entry"))
        }
        if bundle.timestamp != input.evidence[EvidenceFiles.timestamp] {
            causes.append(GloveboxError("timestamp.invalid", "the bundle holds another time stamp than report.tsr"))
        }
        return causes
    }

    /// The bundle's own proof, under the key of the log that it names.
    ///
    /// - Throws: `log.key`, `key.expired`, `log.size`, `log.root-mismatch`, codes of ``TlogProof`` and ``TlogPolicy``.
    func logged(_ trust: TrustStore, at time: Instant?) throws(GloveboxError) {
        guard let log = trust.keys.logs.first(where: { $0.key.logID == bundle.logID }) else {
            throw GloveboxError("log.key", "the bundle names another log's key")
        }
        if let time, !log.isNotEnded(at: time) {
            throw GloveboxError("key.expired", "the log's key that the bundle names was no longer in use at \(time)")
        }
        let checkpoint = try bundle.proof.verify(entry: bundle.entry, log: log.key)
        _ = try trust.witnessing.open(note: bundle.proof.checkpoint, now: input.options.now ?? LogChecks.noClock)
        guard bundle.treeSize == checkpoint.size else {
            throw GloveboxError("log.size", "the bundle repeats another tree size than its checkpoint")
        }
        guard bundle.root == checkpoint.root.bytes else {
            throw GloveboxError("log.root-mismatch", "the bundle repeats another root than its checkpoint")
        }
    }
}
