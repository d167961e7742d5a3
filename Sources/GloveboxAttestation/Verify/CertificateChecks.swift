internal import GloveboxCore
internal import SwiftASN1
internal import X509

/// The chain root -> platform CA -> leaf, checked against the trust files.
///
/// Source: attestation specification, sections 7.1 and 12.
struct CertificateChecks {
    let leaf: ParsedCertificate
    let platform: ParsedCertificate
    let root: ParsedCertificate
    let trust: TrustStore

    private static let understood: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.subjectAlternativeName,
        .X509ExtensionID.extendedKeyUsage,
    ]

    /// Signatures, names and key identifiers, up to the root in the trust files.
    ///
    /// - Throws: `cert.chain`.
    func chain() throws(GloveboxError) {
        guard root.der == trust.root.der, platform.der == trust.platform.der else {
            throw GloveboxError("cert.chain", "the CA certificates are not those of the trust files")
        }
        guard root.isSigned(by: root), platform.isSigned(by: root), leaf.isSigned(by: platform) else {
            throw GloveboxError("cert.chain", "a certificate is not signed by the one above it")
        }
        for (certificate, issuer) in [(platform, root), (leaf, platform)] {
            guard identifier(certificate, parent: true) == issuer.publicKey.subjectKeyIdentifier,
                identifier(certificate, parent: false) == certificate.publicKey.subjectKeyIdentifier
            else { throw GloveboxError("cert.chain", "a key identifier does not belong to its key") }
        }
    }

    /// No extension that a reader must understand and this one does not.
    ///
    /// - Throws: `cert.critical-extension`.
    func extensions() throws(GloveboxError) {
        for certificate in [leaf, platform, root] {
            for member in certificate.certificate.extensions
            where member.critical && !Self.understood.contains(member.oid) {
                throw GloveboxError("cert.critical-extension", "an unknown critical extension stands in a certificate")
            }
        }
    }

    /// The two CAs are CAs of the right path lengths, and the leaf is none.
    ///
    /// - Throws: `cert.ca-leaf`, `cert.path-length`.
    func authority() throws(GloveboxError) {
        switch try basicConstraints(leaf) {
        case nil, .notCertificateAuthority: break
        case .isCertificateAuthority: throw GloveboxError("cert.ca-leaf", "the leaf claims to be a CA")
        }
        guard try basicConstraints(platform) == .isCertificateAuthority(maxPathLength: 0),
            try basicConstraints(root) == .isCertificateAuthority(maxPathLength: 1)
        else { throw GloveboxError("cert.path-length", "the CAs do not have the path lengths 1 and 0") }
    }

    /// Each key is for the use it is put to, and for no other.
    ///
    /// - Throws: `cert.usage`.
    func usage() throws(GloveboxError) {
        let signing = KeyUsage(keyCertSign: true, cRLSign: true)
        guard try keyUsage(leaf) == KeyUsage(digitalSignature: true), try keyUsage(platform) == signing,
            try keyUsage(root) == signing, try extendedUsage(leaf) == [.codeSigning]
        else { throw GloveboxError("cert.usage", "a certificate is not for the use it is put to") }
    }

    /// Validity of all three at the log's time, and the short life of the leaf.
    ///
    /// - Throws: `cert.time`.
    func time(_ time: Instant) throws(GloveboxError) {
        for certificate in [leaf, platform, root]
        where time < certificate.notBefore || certificate.notAfter.adding(seconds: 1) <= time {
            throw GloveboxError("cert.time", "a certificate was not valid when the report was logged, at \(time)")
        }
        guard leaf.notAfter <= leaf.notBefore.adding(seconds: 605) else {
            throw GloveboxError("cert.time", "the leaf lives longer than ten minutes")
        }
    }

    /// The identity in the leaf: trusted, under the CA that the trust policy names, and the one in the report.
    ///
    /// - Throws: `cert.identity`, `cert.scope`, `cert.issuer`.
    func identity(_ report: Report) throws(GloveboxError) {
        let names = try subjectNames()
        guard names.count == 1, case .uniformResourceIdentifier(let identity) = names[0],
            leaf.certificate.subject.isEmpty, identity.isSame(as: report.attester.identity)
        else { throw GloveboxError("cert.identity", "the leaf does not carry exactly the identity in the report") }
        let trusted = trust.policy.attesters.filter { $0.identity.isSame(as: identity) }
        guard !trusted.isEmpty else {
            throw GloveboxError("cert.identity", "the trust policy does not know the attester \(identity)")
        }
        let scoped = trusted.filter { $0.caKeyIdentifier == platform.publicKey.subjectKeyIdentifier }
        guard !scoped.isEmpty else { throw GloveboxError("cert.scope", "another CA vouches for this attester") }
        let raw = leaf.value(of: LeafExtension.issuerRaw)
        let wrapped = leaf.value(of: LeafExtension.issuerString)
        let matching = scoped.filter {
            raw == Array($0.issuer.utf8) && wrapped == DERBytes.wrap(tag: 0x0c, Array($0.issuer.utf8))
        }
        guard !matching.isEmpty else { throw GloveboxError("cert.issuer", "the leaf names another issuer") }
    }

    private func identifier(_ certificate: ParsedCertificate, parent: Bool) -> [UInt8]? {
        do {
            let extensions = certificate.certificate.extensions
            if parent { return try extensions.authorityKeyIdentifier?.keyIdentifier.map { Array($0) } }
            return try extensions.subjectKeyIdentifier.map { Array($0.keyIdentifier) }
        } catch { return nil }
    }

    private func basicConstraints(_ certificate: ParsedCertificate) throws(GloveboxError) -> BasicConstraints? {
        do { return try certificate.certificate.extensions.basicConstraints } catch {
            throw GloveboxError("cert.path-length", "the basic constraints cannot be read")
        }
    }

    private func keyUsage(_ certificate: ParsedCertificate) throws(GloveboxError) -> KeyUsage? {
        let refused = GloveboxError("cert.usage", "the key usage cannot be read or is not critical")
        guard certificate.certificate.extensions[oid: .X509ExtensionID.keyUsage]?.critical == true else {
            throw refused
        }
        do { return try certificate.certificate.extensions.keyUsage } catch { throw refused }
    }

    private func extendedUsage(_ certificate: ParsedCertificate) throws(GloveboxError) -> [ExtendedKeyUsage.Usage] {
        do { return try certificate.certificate.extensions.extendedKeyUsage.map { Array($0) } ?? [] } catch {
            throw GloveboxError("cert.usage", "the extended key usage cannot be read")
        }
    }

    private func subjectNames() throws(GloveboxError) -> [GeneralName] {
        let refused = GloveboxError("cert.identity", "the leaf's name cannot be read or is not critical")
        guard leaf.certificate.extensions[oid: .X509ExtensionID.subjectAlternativeName]?.critical == true else {
            throw refused
        }
        do { return try leaf.certificate.extensions.subjectAlternativeNames.map { Array($0) } ?? [] } catch {
            throw refused
        }
    }
}

extension CertificateChecks {
    /// Checks a chain in every respect but the time stamp of its leaf; what is missing leaves its checks out.
    static func judge(
        _ chain: CertificateChecks?,
        of report: Report?,
        at time: Instant?,
        _ checks: inout CheckList
    ) {
        _ = checks.run(.certificate, "cert.chain", chain) { chain throws(GloveboxError) in try chain.chain() }
        _ = checks.run(.certificate, "cert.time", chain, time) { chain, time throws(GloveboxError) in
            try chain.time(time)
        }
        _ = checks.run(.certificate, "cert.extensions", chain) { chain throws(GloveboxError) in
            try chain.extensions()
        }
        _ = checks.run(.certificate, "cert.authority", chain) { chain throws(GloveboxError) in
            try chain.authority()
        }
        _ = checks.run(.certificate, "cert.usage", chain) { chain throws(GloveboxError) in try chain.usage() }
        _ = checks.run(.certificate, "cert.identity", chain, report) { chain, report throws(GloveboxError) in
            try chain.identity(report)
        }
    }
}
