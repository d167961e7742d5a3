internal import Crypto
package import GloveboxCore

/// The public half of a person's key: Ed25519, 32 bytes.
package struct PersonKey: Sendable, Hashable {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// Wraps a public key.
    ///
    /// - Throws: `key.encoding` unless it is an Ed25519 public key of 32 bytes.
    package init(bytes: [UInt8]) throws(GloveboxError) {
        do { _ = try Curve25519.Signing.PublicKey(rawRepresentation: bytes) } catch {
            throw GloveboxError("key.encoding", "an Ed25519 public key has 32 bytes")
        }
        self.bytes = bytes
    }

    /// Reads 64 hex digits.
    ///
    /// - Throws: `key.encoding`.
    package init(hex: String) throws(GloveboxError) { try self.init(bytes: Hex.decode(hex) ?? []) }

    /// SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410).
    static let spkiPrefix: [UInt8] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]

    /// SubjectPublicKeyInfo, PEM.
    package var pem: [UInt8] { PEM.encode(Self.spkiPrefix + bytes, label: "PUBLIC KEY") }

    /// The 32 bytes as hex.
    package var hex: String { Hex.encode(bytes) }

    /// The key's name.
    package var keyID: String { KeyID.ed25519(bytes) }

    /// Whether this key signed those bytes.
    package func isSigner(of message: [UInt8], signature: [UInt8]) -> Bool {
        guard signature.count == 64 else { return false }
        do {
            return try Curve25519.Signing.PublicKey(rawRepresentation: bytes).isValidSignature(signature, for: message)
        } catch { return false }
    }

    /// Whether this key signed the envelope.
    package func isSigner(of envelope: Envelope) -> Bool {
        isSigner(of: envelope.pae, signature: envelope.signature)
    }
}

/// A person's signing key.
///
/// The file is PKCS #8 PEM, which OpenSSL reads.
package struct PersonSigner: Sendable {
    // PrivateKeyInfo of RFC 8410 up to the 32 seed bytes.
    private static let pkcs8: [UInt8] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]
    private let key: Curve25519.Signing.PrivateKey
    /// The public half.
    package let publicKey: PersonKey

    /// Makes a new key from the system's random generator.
    package init() {
        self.init(Curve25519.Signing.PrivateKey())
    }

    /// Reads a key file.
    ///
    /// - Throws: `pem.invalid`, `key.encoding`.
    package init(pem: [UInt8]) throws(GloveboxError) {
        let der = try PEM.decode(pem, label: "PRIVATE KEY")
        guard der.starts(with: Self.pkcs8), der.count == Self.pkcs8.count + 32 else {
            throw GloveboxError("key.encoding", "not an Ed25519 private key (PKCS #8)")
        }
        do { self.init(try Curve25519.Signing.PrivateKey(rawRepresentation: der.suffix(32))) } catch {
            throw GloveboxError("key.encoding", "not an Ed25519 private key (PKCS #8)")
        }
    }

    private init(_ key: Curve25519.Signing.PrivateKey) {
        self.key = key
        let bytes = Array(key.publicKey.rawRepresentation)
        do throws(GloveboxError) { self.publicKey = try PersonKey(bytes: bytes) } catch {
            preconditionFailure("the public half of a private key is a public key")
        }
    }

    /// The key file.
    ///
    /// Secret: mode 0600.
    package var pem: [UInt8] { PEM.encode(Self.pkcs8 + Array(key.rawRepresentation), label: "PRIVATE KEY") }

    /// The bare Ed25519 signature of a message, 64 bytes.
    package func signature(over message: [UInt8]) throws(GloveboxError) -> [UInt8] {
        do { return Array(try key.signature(for: message)) } catch {
            throw GloveboxError("key.signing", "the Ed25519 signature could not be made")
        }
    }

    /// Signs a payload into an envelope.
    ///
    /// - Throws: `key.signing`.
    package func sign(_ payload: [UInt8], type: String = DSSE.statementType) throws(GloveboxError) -> Envelope {
        do {
            let signature = try key.signature(for: DSSE.pae(type: type, body: payload))
            return Envelope(
                payloadType: type,
                payload: payload,
                keyID: publicKey.keyID,
                signature: Array(signature)
            )
        } catch { throw GloveboxError("key.signing", "the Ed25519 signature could not be made") }
    }
}
