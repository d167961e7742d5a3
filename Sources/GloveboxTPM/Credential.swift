internal import Crypto
internal import CryptoExtras
internal import Foundation
internal import GloveboxAttestation
package import GloveboxCore

/// A secret that only a TPM with that endorsement key can open, and only beside that attestation key.
///
/// Made here and not by the TPM, so that a TPM cannot vouch for itself. Source: TCG TPM 2.0 Library, part 1, section 24 and
/// annex C.6.
package struct Credential: Sendable {
    /// `TPMS_ID_OBJECT`: the secret, encrypted and bound to the key's Name.
    package let object: [UInt8]
    /// `TPMS_ECC_POINT`: the ephemeral key from which the TPM derives the seed.
    package let seed: [UInt8]

    /// Makes a credential.
    ///
    /// - Parameters:
    ///   - secret: at most 32 bytes.
    ///   - name: Name of the attestation key.
    ///   - endorsement: the endorsement key that a certificate vouches for.
    /// - Throws: `tpm.credential`.
    package init(_ secret: [UInt8], for name: [UInt8], endorsement: EndorsementKey) throws(GloveboxError) {
        do {
            let ephemeral = P384.KeyAgreement.PrivateKey()
            let point = Array(ephemeral.publicKey.x963Representation.dropFirst())
            let key = try P384.KeyAgreement.PublicKey(x963Representation: endorsement.point)
            let shared = try ephemeral.sharedSecretFromKeyAgreement(with: key)
            let z = unsafe shared.withUnsafeBytes { unsafe Array($0) }
            // KDFe with the x halves of both points.
            let label = Array("IDENTITY".utf8) + [0]
            let derived = Array(
                SHA384.hash(data: [0, 0, 0, 1] + z + label + point.prefix(48) + endorsement.point[1...48])
            )
            let storage = Self.derive(derived, "STORAGE", name, bits: 256)
            let encrypted = Array(
                try AES._CFB.encrypt(
                    TPMWriter.make { $0.sized(secret) },
                    using: SymmetricKey(data: storage),
                    iv: AES._CFB.IV(ivBytes: [UInt8](repeating: 0, count: 16))
                )
            )
            let integrity = Self.derive(derived, "INTEGRITY", [], bits: 384)
            let mac = HMAC<SHA384>.authenticationCode(for: encrypted + name, using: SymmetricKey(data: integrity))
            object = TPMWriter.make {
                $0.sized(Array(mac))
                $0.raw(encrypted)
            }
            seed = TPMWriter.make {
                $0.sized(Array(point.prefix(48)))
                $0.sized(Array(point.suffix(48)))
            }
        } catch { throw GloveboxError("tpm.credential", "the endorsement key takes no credential") }
    }

    /// KDFa with SHA-384, one block.
    private static func derive(_ key: [UInt8], _ label: String, _ context: [UInt8], bits: UInt32) -> [UInt8] {
        let message = TPMWriter.make {
            $0.number(UInt32(1))
            $0.raw(Array(label.utf8) + [0] + context)
            $0.number(bits)
        }
        let code = HMAC<SHA384>.authenticationCode(for: message, using: SymmetricKey(data: key))
        return Array(Array(code).prefix(Int(bits / 8)))
    }
}
