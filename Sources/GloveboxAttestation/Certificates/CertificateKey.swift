internal import Crypto
package import GloveboxCore
internal import SwiftASN1
internal import X509

/// The public key of a client's TLS certificate.
///
/// An account is bound to it and not to the certificate, which may be issued anew.
package struct CertificateKey: Sendable, Hashable {
    /// SubjectPublicKeyInfo, DER.
    package let spki: [UInt8]
    private let key: Certificate.PublicKey
    /// The one signature algorithm that is used with a key of this kind.
    fileprivate let algorithm: Certificate.SignatureAlgorithm

    /// Reads a SubjectPublicKeyInfo.
    ///
    /// - Throws: `key.encoding` unless it is the DER of a key that TLS takes of clients here: P-256, P-384 or RSA.
    package init(spki: [UInt8]) throws(GloveboxError) {
        do {
            let document = PEMDocument(type: Certificate.PublicKey.defaultPEMDiscriminator, derBytes: spki)
            try self.init(Certificate.PublicKey(pemDocument: document))
        } catch { throw GloveboxError("key.encoding", "not a P-256, P-384 or RSA public key in DER") }
        guard self.spki == spki else { throw GloveboxError("key.encoding", "a public key that is not in DER") }
    }

    /// Reads the key of a certificate, PEM; others may follow it in the file.
    ///
    /// - Throws: `key.encoding`.
    package init(certificate pem: String) throws(GloveboxError) {
        do {
            guard let first = try PEMDocument.parseMultiple(pemString: pem).first else {
                throw GloveboxError("key.encoding", "")
            }
            try self.init(Certificate(pemDocument: first).publicKey)
        } catch { throw GloveboxError("key.encoding", "there is no certificate for a P-256, P-384 or RSA key, in PEM") }
    }

    fileprivate init(_ key: Certificate.PublicKey) throws {
        self.key = key
        guard let algorithm = Self.algorithm(of: key) else { throw GloveboxError("key.encoding", "") }
        self.algorithm = algorithm
        spki = try key.serializeAsPEM().derBytes
    }

    /// What accounts and tokens name it by: the SHA-256 of the SubjectPublicKeyInfo.
    package var digest: GloveboxCore.Digest { GloveboxCore.Digest(bytes: Array(SHA256.hash(data: spki))) ?? .zero }

    /// Whether its private half signed those bytes.
    package func isSigner(of message: [UInt8], signature: [UInt8]) -> Bool {
        key.isValidSignature(signature, for: message, signatureAlgorithm: algorithm)
    }

    private static func algorithm(of key: Certificate.PublicKey) -> Certificate.SignatureAlgorithm? {
        if P256.Signing.PublicKey(key) != nil { return .ecdsaWithSHA256 }
        if P384.Signing.PublicKey(key) != nil { return .ecdsaWithSHA384 }
        if P521.Signing.PublicKey(key) != nil || Curve25519.Signing.PublicKey(key) != nil { return nil }
        return .sha256WithRSAEncryption
    }
}

/// The private half, which its owner proves to hold.
package struct CertificateSigner {
    private let key: Certificate.PrivateKey
    /// The public half.
    package let publicKey: CertificateKey

    /// Reads a key file, PEM: PKCS #8, SEC 1 or PKCS #1.
    ///
    /// - Throws: `key.encoding`.
    package init(pem: String) throws(GloveboxError) {
        do {
            key = try Certificate.PrivateKey(pemEncoded: pem)
            publicKey = try CertificateKey(key.publicKey)
        } catch { throw GloveboxError("key.encoding", "not a private P-256, P-384 or RSA key in PEM") }
    }

    /// The signature of a message.
    ///
    /// - Throws: `key.signing`.
    package func signature(over message: [UInt8]) throws(GloveboxError) -> [UInt8] {
        do { return try key.sign(bytes: message, signatureAlgorithm: publicKey.algorithm).rawRepresentation } catch {
            throw GloveboxError("key.signing", "the signature could not be made")
        }
    }
}
