package import GloveboxCore
internal import SwiftASN1
internal import X509

/// The certificates of a time-stamping authority: its signer, and the root that vouches for it.
///
/// Source: attestation specification, sections 7.2 and 9.
package struct TimestampChain: Sendable, Hashable {
    private static let year: Int64 = 365 * 86400
    /// Certificate of the signer, DER.
    package let signer: [UInt8]
    /// Certificate of its root, DER.
    package let root: [UInt8]

    /// Takes up the two certificates.
    ///
    /// - Throws: `cert.chain` when the root has not signed the signer.
    package init(signer: [UInt8], root: [UInt8]) throws(GloveboxError) {
        guard try ParsedCertificate(signer).isSigned(by: ParsedCertificate(root)) else {
            throw GloveboxError("cert.chain", "the time-stamping certificate is not signed by its root")
        }
        self.signer = signer
        self.root = root
    }

    /// Takes up the certificates of another operator's authority, PEM.
    ///
    /// - Throws: `config.invalid` for what ``ReportVerifier`` would not believe: a key that is not P-256, a certificate
    ///   that is not its root's own or not for time stamps alone.
    package init(signerPEM: [UInt8], rootPEM: [UInt8]) throws(GloveboxError) {
        let refused = GloveboxError(
            "config.invalid",
            "the certificates of the time-stamping authority do not make a chain",
            hint: "Wanted: P-256 keys, ECDSA with SHA-256, the extended key usage timeStamping alone (critical), and a "
                + "root that signed itself."
        )
        do throws(GloveboxError) {
            try self.init(
                signer: PEM.decode(signerPEM, label: "CERTIFICATE"),
                root: PEM.decode(rootPEM, label: "CERTIFICATE")
            )
            let top = try ParsedCertificate(root)
            guard try ParsedCertificate(signer).isFor(alone: .timeStamping), top.isSigned(by: top) else {
                throw refused
            }
        } catch { throw refused }
    }

    /// SHA-256 of the signer's key.
    package var key: Digest { get throws(GloveboxError) { try ParsedCertificate(signer).publicKey.digest } }

    /// Makes an authority for ten years.
    ///
    /// The root's key certifies this one signer and is forgotten, so nobody can add another.
    ///
    /// - Returns: the certificates and the signer's key.
    /// - Throws: `cert.issue`.
    package static func make(
        site: String,
        now: Instant
    ) throws(GloveboxError) -> (chain: TimestampChain, key: SigningKey) {
        let rootKey = SigningKey()
        let key = SigningKey()
        let rootName = try CertificateDraft.name(site, "Glovebox time-stamping root")
        var draft = CertificateDraft(
            publicKey: rootKey.publicKey,
            issuer: rootName,
            subject: rootName,
            notBefore: now,
            notAfter: now.adding(seconds: 10 * year),
            issuerKeyIdentifier: rootKey.publicKey.subjectKeyIdentifier,
            role: .authority(pathLength: 0)
        )
        let root = try draft.signed(by: rootKey)
        draft = CertificateDraft(
            publicKey: key.publicKey,
            issuer: rootName,
            subject: try CertificateDraft.name(site, "Glovebox time-stamping authority"),
            notBefore: now,
            notAfter: now.adding(seconds: 10 * year),
            issuerKeyIdentifier: rootKey.publicKey.subjectKeyIdentifier,
            role: .timeStamping
        )
        return (try TimestampChain(signer: draft.signed(by: rootKey), root: root), key)
    }
}
