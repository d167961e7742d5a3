internal import Crypto
internal import Foundation
internal import GloveboxAttestation
package import GloveboxCore
internal import SwiftASN1
internal import X509

/// The endorsement key (EK) of a TPM: P-384, from the template H-3, with the certificate its maker gave it.
///
/// Source: TCG EK Credential Profile 2.5, sections 2.2.1.4 and B.4.5.
package struct EndorsementKey: Sendable {
    /// Where the certificate lies in the TPM.
    static let certificateIndex: UInt32 = 0x01c0_0016
    /// The template: restricted decryption, AES-256, usable with the empty password.
    static let template =
        head
        + TPMWriter.make {
            $0.sized([])
            $0.sized([])
        }

    private static let head = TPMWriter.make {
        $0.number(TPMAlgorithm.ecc)
        $0.number(TPMAlgorithm.sha384)
        $0.number(UInt32(0x0003_00f2))
        $0.sized(policy)
        $0.number(TPMAlgorithm.aes)
        $0.number(UInt16(256))
        $0.number(TPMAlgorithm.cfb)
        $0.number(TPMAlgorithm.null)
        $0.number(TPMAlgorithm.p384)
        $0.number(TPMAlgorithm.null)
    }

    /// PolicyB of the profile under SHA-384.
    private static let policy =
        Hex.decode(
            "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12"
        ) ?? []

    /// Uncompressed point, 97 bytes.
    package let point: [UInt8]
    /// Name of the key.
    package let name: [UInt8]
    /// The certificate, DER.
    package let certificate: [UInt8]

    /// Reads a public area and checks that the certificate is for that key.
    ///
    /// - Parameters:
    ///   - area: `TPMT_PUBLIC`.
    ///   - certificate: DER, as the TPM holds it.
    ///   - issuers: certificates (PEM) of those who may vouch for a TPM.
    /// - Throws: `tpm.ek`.
    package init(area: [UInt8], certificate: [UInt8], issuers: [[UInt8]]) throws(GloveboxError) {
        let refused = GloveboxError("tpm.ek", "the TPM's endorsement certificate is not for its P-384 endorsement key")
        guard area.starts(with: Self.head) else { throw refused }
        var reader = TPMReader(Array(area.dropFirst(Self.head.count)))
        let x = try reader.sized()
        let y = try reader.sized()
        try reader.finish()
        guard x.count == 48, y.count == 48 else { throw refused }
        point = [4] + x + y
        name = [0x00, 0x0c] + Array(SHA384.hash(data: area))
        self.certificate = certificate
        let parsed: Certificate
        var known: [Certificate] = []
        do {
            parsed = try Certificate(derEncoded: certificate)
            for pem in issuers { known.append(try Certificate(pemEncoded: String(decoding: pem, as: UTF8.self))) }
            guard let key = P384.Signing.PublicKey(parsed.publicKey), Array(key.x963Representation) == point else {
                throw refused
            }
        } catch { throw refused }
        guard
            known.contains(where: {
                $0.subject == parsed.issuer && $0.publicKey.isValidSignature(parsed.signature, for: parsed)
            })
        else { throw GloveboxError("tpm.ek", "nobody known vouches for the TPM's endorsement key") }
    }
}
