internal import Crypto
internal import FoundationEssentials
package import GloveboxCore
internal import SwiftASN1
internal import X509

/// A certificate read once, with what the checks need.
struct ParsedCertificate {
    /// The bytes as given.
    let der: [UInt8]
    /// The parsed form.
    let certificate: Certificate
    /// The subject's key.
    let publicKey: VerifyingKey

    /// Reads DER.
    ///
    /// - Throws: `cert.chain` when it is not a certificate for a P-256 key in DER.
    init(_ der: [UInt8]) throws(GloveboxError) {
        do {
            self.certificate = try Certificate(derEncoded: der)
            guard let key = P256.Signing.PublicKey(certificate.publicKey) else {
                throw CryptoKitError.incorrectParameterSize
            }
            self.publicKey = try VerifyingKey(spki: Array(key.derRepresentation))
        } catch { throw GloveboxError("cert.chain", "not a certificate for a P-256 key") }
        self.der = der
    }

    /// Reads a PEM file.
    ///
    /// - Throws: `pem.invalid`, `cert.chain`.
    init(pem: [UInt8]) throws(GloveboxError) { try self.init(PEM.decode(pem, label: "CERTIFICATE")) }

    /// The signed part.
    var tbs: [UInt8] { Array(certificate.tbsCertificateBytes) }

    /// Start of validity.
    var notBefore: Instant { Instant(seconds: Int64(certificate.notValidBefore.timeIntervalSince1970)) }

    /// End of validity.
    var notAfter: Instant { Instant(seconds: Int64(certificate.notValidAfter.timeIntervalSince1970)) }

    /// Name of the subject.
    var subjectName: DistinguishedName { certificate.subject }

    /// Whether that key signed this certificate.
    func isSigned(by issuer: ParsedCertificate) -> Bool {
        certificate.signatureAlgorithm == .ecdsaWithSHA256 && certificate.issuer == issuer.certificate.subject
            && issuer.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
    }

    /// Whether it says, as something that must be understood, that its key is for this and for nothing else.
    func isFor(alone purpose: ExtendedKeyUsage.Usage) -> Bool {
        let extensions = certificate.extensions
        do {
            let usage = try extensions.extendedKeyUsage.map { Array($0) }
            return extensions[oid: .X509ExtensionID.extendedKeyUsage]?.critical == true && usage == [purpose]
        } catch { return false }
    }

    /// The value of an extension, or nil.
    func value(of oid: ASN1ObjectIdentifier) -> [UInt8]? {
        certificate.extensions.first { $0.oid == oid }.map { Array($0.value) }
    }
}

extension VerifyingKey {
    /// The key of a certificate (DER).
    ///
    /// - Throws: `cert.chain`, `envelope.algorithm`.
    package init(certificate der: [UInt8]) throws(GloveboxError) { self = try ParsedCertificate(der).publicKey }
}
