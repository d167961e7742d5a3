package import GloveboxCore
internal import SwiftASN1
internal import X509

/// A certificate authority: the root of a site, its platform CA, or its node CA.
///
/// Source: attestation specification, section 7.
package struct CertificateAuthority: Sendable {
    private static let year: Int64 = 365 * 86400
    /// Seconds before its making from which a leaf is valid, for clocks that are a little behind.
    static let leafBackdating: Int64 = 5
    /// DER of the CA's certificate.
    package let certificate: [UInt8]
    /// The CA's key.
    package let key: SigningKey
    /// Its name, as the issuer of what it signs.
    private let name: DistinguishedName

    /// The last certificate of a chain (PEM), in PEM, when it is one that names itself as its issuer; nil otherwise.
    package static func last(of chain: [UInt8]) -> [UInt8]? {
        do {
            let blocks = try PEMDocument.parseMultiple(pemString: String(decoding: chain, as: UTF8.self))
            guard let last = blocks.last else { return nil }
            let certificate = try Certificate(pemDocument: last)
            guard certificate.subject == certificate.issuer else { return nil }
            return PEM.encode(last.derBytes, label: "CERTIFICATE")
        } catch { return nil }
    }

    /// Takes up a CA from its files.
    ///
    /// - Throws: `pem.invalid`, `key.encoding`, `cert.chain` when the key does not belong to the certificate.
    package init(certificatePEM: [UInt8], keyPEM: [UInt8]) throws(GloveboxError) {
        self.certificate = try PEM.decode(certificatePEM, label: "CERTIFICATE")
        self.key = try SigningKey(pem: keyPEM)
        let own = try ParsedCertificate(certificate)
        guard own.publicKey == key.publicKey else {
            throw GloveboxError("cert.chain", "the CA's key does not belong to its certificate")
        }
        self.name = own.subjectName
    }

    private init(certificate: [UInt8], key: SigningKey, name: DistinguishedName) {
        (self.certificate, self.key, self.name) = (certificate, key, name)
    }

    /// The certificate file.
    package var pem: [UInt8] { PEM.encode(certificate, label: "CERTIFICATE") }

    /// SHA-1 of the CA's key bits, as certificates and the trust policy name it.
    package var subjectKeyIdentifier: [UInt8] { key.publicKey.subjectKeyIdentifier }

    /// ``subjectKeyIdentifier`` of the CA with that certificate (DER).
    ///
    /// - Throws: `cert.chain`.
    package static func keyIdentifier(of certificate: [UInt8]) throws(GloveboxError) -> [UInt8] {
        try ParsedCertificate(certificate).publicKey.subjectKeyIdentifier
    }

    /// The end of validity of the certificate of a CA (DER).
    ///
    /// - Throws: `cert.chain`.
    package static func end(of certificate: [UInt8]) throws(GloveboxError) -> Instant {
        try ParsedCertificate(certificate).notAfter
    }

    /// Makes a self-signed root: ten years, one level of CAs below it.
    ///
    /// - Throws: `cert.issue`.
    package static func makeRoot(site: String, now: Instant) throws(GloveboxError) -> CertificateAuthority {
        let key = SigningKey()
        let name = try CertificateDraft.name(site, "Glovebox root")
        let draft = CertificateDraft(
            publicKey: key.publicKey,
            issuer: name,
            subject: name,
            notBefore: now,
            notAfter: now.adding(seconds: 10 * year),
            issuerKeyIdentifier: key.publicKey.subjectKeyIdentifier,
            role: .authority(pathLength: 1)
        )
        return CertificateAuthority(certificate: try draft.signed(by: key), key: key, name: name)
    }

    /// Makes the platform CA below this root: one year, leaves only.
    ///
    /// - Throws: `cert.issue`.
    package func makePlatform(site: String, now: Instant) throws(GloveboxError) -> CertificateAuthority {
        try makeAuthority(CertificateDraft.name(site, "Glovebox platform CA"), years: 1, now: now)
    }

    /// Makes the CA of nodes below this root: two years, leaves only.
    ///
    /// - Throws: `cert.issue`.
    package func makeNodes(site: String, now: Instant) throws(GloveboxError) -> CertificateAuthority {
        try makeAuthority(CertificateDraft.name(site, "Glovebox node CA"), years: 2, now: now)
    }

    private func makeAuthority(
        _ subject: DistinguishedName,
        years: Int64,
        now: Instant
    ) throws(GloveboxError) -> CertificateAuthority {
        let made = SigningKey()
        let draft = CertificateDraft(
            publicKey: made.publicKey,
            issuer: name,
            subject: subject,
            notBefore: now,
            notAfter: now.adding(seconds: years * Self.year),
            issuerKeyIdentifier: subjectKeyIdentifier,
            role: .authority(pathLength: 0)
        )
        return CertificateAuthority(certificate: try draft.signed(by: key), key: made, name: subject)
    }

    /// Issues the certificate with which a node comes in as a TLS client, from five seconds ago.
    ///
    /// - Returns: DER.
    /// - Throws: `cert.issue` when it would outlast this CA's own.
    package func issueNode(
        _ request: NodeRequest,
        now: Instant,
        notAfter: Instant
    ) throws(GloveboxError) -> [UInt8] {
        let own = try ParsedCertificate(certificate)
        guard now < notAfter, notAfter <= own.notAfter else {
            throw GloveboxError("cert.issue", "the certificate would end before it begins, or after its CA")
        }
        let draft = CertificateDraft(
            publicKey: request.key,
            issuer: name,
            subject: try CertificateDraft.name(request.name),
            notBefore: now.adding(seconds: -Self.leafBackdating),
            notAfter: notAfter,
            issuerKeyIdentifier: subjectKeyIdentifier,
            role: .node
        )
        return try draft.signed(by: key)
    }

    /// Issues the certificate of one report's key: ten minutes, from five seconds ago.
    ///
    /// - Parameters:
    ///   - publicKey: the key to certify.
    ///   - attester: identity of the attester, a URI that is constant for the site.
    ///   - issuer: the issuer text that public tools compare.
    ///   - now: the time of issue.
    ///   - log: the key that signs the certificate's time stamp; nil leaves the time stamp out.
    /// - Returns: DER.
    /// - Throws: `cert.issue`.
    package func issueLeaf(
        for publicKey: VerifyingKey,
        attester: String,
        issuer: String,
        now: Instant,
        log: SigningKey?
    ) throws(GloveboxError) -> [UInt8] {
        var draft = CertificateDraft(
            publicKey: publicKey,
            issuer: name,
            subject: DistinguishedName(),
            notBefore: now.adding(seconds: -Self.leafBackdating),
            notAfter: now.adding(seconds: 600),
            issuerKeyIdentifier: subjectKeyIdentifier,
            role: .leaf(attester: attester, issuer: issuer)
        )
        guard let log else { return try draft.signed(by: key) }
        let bare = try ParsedCertificate(try draft.signed(by: key))
        draft.timestamps = try CertificateTimestamp.make(
            over: bare.tbs,
            issuer: key.publicKey,
            key: log,
            now: now
        )
        return try draft.signed(by: key)
    }
}
