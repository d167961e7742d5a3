package import GloveboxCore

/// What a quote answers: one caller, one key, one plan.
///
/// Source: attestation specification, section 8.
package struct QuoteBinding: Sendable {
    /// 32 bytes of the caller.
    package let nonce: [UInt8]
    /// SHA-256 of the key that signs or receives under this quote (SPKI, DER).
    package let key: Digest
    /// The plan.
    package let manifest: Digest

    /// Names caller, key and plan.
    package init(nonce: [UInt8], key: Digest, manifest: Digest) {
        self.nonce = nonce
        self.key = key
        self.manifest = manifest
    }

    /// `SHA-256("glovebox-quote-v1" || 00 || nonce || key || manifest)`.
    package var extraData: [UInt8] {
        Hashing.sha256(Array("glovebox-quote-v1".utf8) + [0] + nonce + key.bytes + manifest.bytes).bytes
    }
}
