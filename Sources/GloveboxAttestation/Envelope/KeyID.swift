internal import GloveboxCore

/// Names of public keys as securesystemslib computes them, so that public tools find the key of a signature.
///
/// Source: attestation specification, section 3.1.
package enum KeyID {
    /// The id of a P-256 key given as PEM text with its final newline.
    package static func p256(pem: String) -> String {
        id(type: "ecdsa", scheme: "ecdsa-sha2-nistp256", public: pem)
    }

    /// The id of an Ed25519 key given as 32 bytes.
    package static func ed25519(_ key: [UInt8]) -> String {
        id(type: "ed25519", scheme: "ed25519", public: Hex.encode(key))
    }

    // OLPC canonical JSON: members sorted, only `"` and `\` escaped, a newline stays the byte 0x0A.
    private static func id(type: String, scheme: String, public key: String) -> String {
        let text = "{\"keytype\":\"\(type)\",\"keyval\":{\"public\":\"\(key)\"},\"scheme\":\"\(scheme)\"}"
        return Hashing.sha256(Array(text.utf8)).hex
    }
}
