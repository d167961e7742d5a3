package import GloveboxCore
internal import X509

/// The certificate with which a node comes in as a TLS client.
///
/// What it says is what was so when it was issued; whether the node may take jobs now, the site's registry says.
package struct NodeCertificate: Sendable {
    /// What the node is called.
    package let name: String
    /// SHA-256 of the node's key (SPKI).
    package let key: Digest
    /// Start of validity.
    package let notBefore: Instant
    /// End of validity.
    package let notAfter: Instant

    /// Reads a certificate (DER) that one of these CAs (certificates, DER) issued.
    ///
    /// - Throws: `node.certificate` for one of another CA, or that is not a node's.
    package init(_ der: [UInt8], issuedBy authorities: [[UInt8]]) throws(GloveboxError) {
        let refused = GloveboxError("node.certificate", "not a certificate that this site's node CA issued to a node")
        let own: ParsedCertificate
        var isIssued = false
        do throws(GloveboxError) {
            own = try ParsedCertificate(der)
            for authority in authorities where !isIssued {
                isIssued = try own.isSigned(by: ParsedCertificate(authority))
            }
        } catch { throw refused }
        guard isIssued, own.isFor(alone: .clientAuth), let name = own.subjectName.nodeName else { throw refused }
        self.name = name
        key = own.publicKey.digest
        notBefore = own.notBefore
        notAfter = own.notAfter
    }

    /// What the first certificate of a chain (PEM) calls its subject; whether anybody vouches for it is not looked at.
    ///
    /// - Throws: `pem.invalid`, `cert.chain`; `node.certificate` where that is no name of a node.
    package static func name(inChain pem: [UInt8]) throws(GloveboxError) -> String {
        guard let name = try ParsedCertificate(leaf(inChain: pem)).subjectName.nodeName else {
            throw GloveboxError("node.certificate", "the certificate does not name a node")
        }
        return name
    }

    /// The first certificate of a chain (PEM), in DER.
    ///
    /// - Throws: `pem.invalid`.
    package static func leaf(inChain pem: [UInt8]) throws(GloveboxError) -> [UInt8] {
        let end = Array("-----END CERTIFICATE-----\n".utf8)
        let length = pem.indices.first { pem[$0...].starts(with: end) }.map { $0 + end.count } ?? pem.count
        return try PEM.decode(Array(pem.prefix(length)), label: "CERTIFICATE")
    }

    /// Whether a CA (certificate, DER) issued a node's certificate (DER).
    package static func isIssued(_ der: [UInt8], by authority: [UInt8]) -> Bool {
        do throws(GloveboxError) { _ = try NodeCertificate(der, issuedBy: [authority]) } catch { return false }
        return true
    }
}
