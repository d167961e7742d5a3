package import GloveboxCore

/// The leaf of a report: a Rekor v2 `hashedrekord` body, which binds what was signed, the signature and the
/// certificate.
///
/// Source: attestation specification, section 9. The initialiser reads exactly what ``body(paeDigest:signature:certificate:)``
/// writes.
package enum HashedRekord {
    /// What a body binds.
    package struct Parts: Sendable, Hashable {
        /// SHA-256 of the envelope's pre-authentication encoding.
        package let paeDigest: Digest
        /// The ECDSA signature, DER.
        package let signature: [UInt8]
        /// The signer's certificate, DER.
        package let certificate: [UInt8]
    }

    private static let algorithm = "SHA2_256"
    private static let keyDetails = "PKIX_ECDSA_P256_SHA_256"
    /// The entry's kind.
    package static let kind = "hashedrekord"
    /// The kind's version.
    package static let version = "0.0.2"

    /// The canonical JSON of a body.
    package static func body(paeDigest: Digest, signature: [UInt8], certificate: [UInt8]) -> [UInt8] {
        CanonicalJSON.encode([
            "apiVersion": .string(version),
            "kind": .string(kind),
            "spec": [
                "hashedRekordV002": [
                    "data": ["algorithm": .string(algorithm), "digest": .string(Base64.encode(paeDigest.bytes))],
                    "signature": [
                        "content": .string(Base64.encode(signature)),
                        "verifier": [
                            "keyDetails": .string(keyDetails),
                            "x509Certificate": ["rawBytes": .string(Base64.encode(certificate))],
                        ],
                    ],
                ]
            ],
        ])
    }

    /// Reads a body.
    ///
    /// Signature and certificate are not looked into.
    ///
    /// - Throws: the strict reader's codes, `schema.…`, `base64.invalid`.
    package static func parse(_ body: [UInt8]) throws(GloveboxError) -> Parts {
        var top = try JSONFields(JSONReader.readCanonical(body), at: "entry")
        try top.constant("apiVersion", version)
        try top.constant("kind", kind)
        var spec = try top.nested("spec")
        try top.finish()
        var rekord = try spec.nested("hashedRekordV002")
        try spec.finish()
        var data = try rekord.nested("data")
        var signature = try rekord.nested("signature")
        try rekord.finish()
        try data.constant("algorithm", algorithm)
        guard let digest = Digest(bytes: try data.base64("digest")) else {
            throw GloveboxError("schema.type", "entry.spec.hashedRekordV002.data.digest must be 32 bytes")
        }
        try data.finish()
        let content = try signature.base64("content")
        var verifier = try signature.nested("verifier")
        try signature.finish()
        try verifier.constant("keyDetails", keyDetails)
        var certificate = try verifier.nested("x509Certificate")
        try verifier.finish()
        let raw = try certificate.base64("rawBytes")
        try certificate.finish()
        return Parts(paeDigest: digest, signature: content, certificate: raw)
    }
}

extension JSONFields {
    /// Takes a string that has one allowed value.
    mutating func constant(_ name: String, _ value: String) throws(GloveboxError) {
        guard try string(name).utf8.elementsEqual(value.utf8) else {
            throw GloveboxError("schema.version", "member \(name) must be \(value)")
        }
    }

    /// Takes a string of padded base64.
    mutating func base64(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard let bytes = Base64.decode(try string(name)) else {
            throw GloveboxError("base64.invalid", "member \(name) is not base64")
        }
        return bytes
    }
}
