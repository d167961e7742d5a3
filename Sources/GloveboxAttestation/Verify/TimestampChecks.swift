internal import GloveboxCore

/// The RFC 3161 time stamp over the report's signature.
///
/// Source: attestation specification, sections 4.2, 9 and 12.
struct TimestampChecks {
    let input: VerifyInput
    let signer: ParsedCertificate
    let root: ParsedCertificate

    /// Takes up the authority of the trust files.
    ///
    /// - Throws: `cert.chain`.
    init(_ input: VerifyInput, _ authority: TimestampChain) throws(GloveboxError) {
        self.input = input
        self.signer = try ParsedCertificate(authority.signer)
        self.root = try ParsedCertificate(authority.root)
    }

    /// The authority stamped this signature; gives the time.
    ///
    /// - Throws: `timestamp.missing`, `timestamp.invalid`.
    func token(_ envelope: Envelope) throws(GloveboxError) -> Instant {
        guard let response = input.evidence[EvidenceFiles.timestamp] else {
            throw GloveboxError("timestamp.missing", "the site has a time-stamping authority and report.tsr is missing")
        }
        let token = try TimestampToken(parsing: response)
        try token.check(over: envelope.signature, by: signer, root: root)
        for (name, certificate) in [(EvidenceFiles.timeAuthority, signer), (EvidenceFiles.timeRoot, root)] {
            // Others than this verifier take the authority from here.
            guard let pem = input.evidence[name] else {
                throw GloveboxError("timestamp.missing", "\(name) of the site's time-stamping authority is missing")
            }
            guard pem == PEM.encode(certificate.der, label: "CERTIFICATE") else {
                throw GloveboxError("timestamp.invalid", "\(name) is not the certificate of the trust files")
            }
        }
        return token.time
    }

    /// The stamp lies within the leaf's life, and not before the end of the run.
    ///
    /// - Throws: `timestamp.outside-cert`, `time.future`.
    static func time(_ time: Instant, _ leaf: ParsedCertificate, _ report: Report) throws(GloveboxError) {
        guard leaf.notBefore <= time, time < leaf.notAfter.adding(seconds: 1) else {
            throw GloveboxError("timestamp.outside-cert", "the report was stamped at \(time), outside the leaf's life")
        }
        guard report.time.end <= time.adding(seconds: 300) else {
            throw GloveboxError("time.future", "the report was stamped before the run ended")
        }
    }
}
