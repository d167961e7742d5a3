internal import Crypto
package import GloveboxCore

/// The public area of an attestation key (AK): a restricted P-256 signing key that never leaves its TPM.
///
/// Only this one shape is read. A *restricted* key signs nothing that begins like a quote except what its TPM made, so the
/// attributes are what a quote's worth rests on.
package struct AttestationKey: Sendable, Equatable {
    /// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign.
    package static let attributes: UInt32 = 0x0005_0072

    /// `TPMT_PUBLIC`, as the TPM marshals it.
    package let area: [UInt8]
    /// The key that checks its signatures.
    package let key: VerifyingKey

    /// Reads a public area.
    ///
    /// - Throws: `tpm.ak` for a key of another kind, above all one that is not restricted; `tpm.encoding`.
    package init(parsing area: [UInt8]) throws(GloveboxError) {
        var reader = TPMReader(area)
        let head = try reader.take(20)
        guard head == Self.head else {
            throw GloveboxError("tpm.ak", "the attestation key is not a restricted P-256 signing key of one TPM")
        }
        let x = try reader.sized()
        let y = try reader.sized()
        try reader.finish()
        guard x.count == 32, y.count == 32 else { throw GloveboxError("tpm.ak", "the point has not 32-byte halves") }
        do {
            let point = try P256.Signing.PublicKey(x963Representation: [4] + x + y)
            key = try VerifyingKey(spki: Array(point.derRepresentation))
        } catch { throw GloveboxError("tpm.ak", "the attestation key is no point of P-256") }
        self.area = area
    }

    /// The key's Name: algorithm and digest of its public area.
    package var name: [UInt8] { [0x00, 0x0b] + Hashing.sha256(area).bytes }

    /// The Name of the key as a child of an endorsement key: both Names and the hierarchy in one digest.
    ///
    /// - Parameter endorsementName: Name of the endorsement key, under SHA-256 or SHA-384.
    /// - Returns: 34 bytes.
    /// - Throws: `tpm.ak` for a Name of another form.
    package func qualifiedName(under endorsementName: [UInt8]) throws(GloveboxError) -> [UInt8] {
        let hierarchy = TPMWriter.make { $0.number(TPMAlgorithm.endorsement) }
        let qualified: [UInt8]
        switch (endorsementName.prefix(2).last, endorsementName.count) {
        case (0x0b, 34): qualified = [0x00, 0x0b] + Hashing.sha256(hierarchy + endorsementName).bytes
        case (0x0c, 50): qualified = [0x00, 0x0c] + Array(SHA384.hash(data: hierarchy + endorsementName))
        default: throw GloveboxError("tpm.ak", "the endorsement key's Name is neither SHA-256 nor SHA-384")
        }
        return [0x00, 0x0b] + Hashing.sha256(qualified + name).bytes
    }

    /// The fields before the point; also the start of the template the key is made from.
    package static let head = TPMWriter.make {
        $0.number(TPMAlgorithm.ecc)
        $0.number(TPMAlgorithm.sha256)
        $0.number(attributes)
        $0.sized([])
        $0.number(TPMAlgorithm.null)
        $0.number(TPMAlgorithm.ecdsa)
        $0.number(TPMAlgorithm.sha256)
        $0.number(TPMAlgorithm.p256)
        $0.number(TPMAlgorithm.null)
    }
}
