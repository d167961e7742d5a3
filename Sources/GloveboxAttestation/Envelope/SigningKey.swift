internal import Crypto
package import GloveboxCore

/// The public half of a P-256 key.
package struct VerifyingKey: Sendable, Hashable {
    /// SubjectPublicKeyInfo, DER.
    package let spki: [UInt8]

    /// Wraps a key.
    ///
    /// - Throws: `envelope.algorithm` unless it is a P-256 key in DER.
    package init(spki: [UInt8]) throws(GloveboxError) {
        do {
            let key = try P256.Signing.PublicKey(derRepresentation: spki)
            guard Array(key.derRepresentation) == spki else { throw CryptoKitError.incorrectParameterSize }
        } catch { throw GloveboxError("envelope.algorithm", "not a P-256 public key (SPKI, DER)") }
        self.spki = spki
    }

    /// Reads PEM.
    ///
    /// - Throws: `pem.invalid`, `envelope.algorithm`.
    package init(pem: [UInt8]) throws(GloveboxError) {
        try self.init(spki: PEM.decode(pem, label: "PUBLIC KEY"))
    }

    /// PEM text with its final newline.
    package var pem: [UInt8] { PEM.encode(spki, label: "PUBLIC KEY") }

    /// The key's name.
    package var keyID: String { KeyID.p256(pem: String(decoding: pem, as: UTF8.self)) }

    /// SHA-256 of the SPKI.
    package var digest: GloveboxCore.Digest { Hashing.sha256(spki) }

    /// The key identifier of certificates: SHA-1 of the key bits (the last 65 bytes of a P-256 SPKI).
    package var subjectKeyIdentifier: [UInt8] { Hashing.sha1(Array(spki.suffix(65))) }

    /// Checks a signature over SHA-256 of the message.
    ///
    /// - Throws: `envelope.signature-encoding`, `envelope.signature-invalid`.
    package func check(_ der: [UInt8], over message: [UInt8]) throws(GloveboxError) {
        let raw = try ECDSASignature.decode(der: der)
        do {
            let key = try P256.Signing.PublicKey(derRepresentation: spki)
            let signature = try P256.Signing.ECDSASignature(rawRepresentation: raw)
            if key.isValidSignature(signature, for: message) { return }
        } catch {}
        throw GloveboxError(
            "envelope.signature-invalid",
            "the P-256 signature does not belong to these bytes and this key"
        )
    }
}

/// A P-256 signing key: root, platform CA, certificate time stamps, and the leaf of one report.
package struct SigningKey: Sendable {
    let key: P256.Signing.PrivateKey

    /// Makes a new key from the system's random generator.
    package init() { self.key = P256.Signing.PrivateKey() }

    /// Reads PKCS #8 PEM.
    ///
    /// - Throws: `key.encoding`.
    package init(pem: [UInt8]) throws(GloveboxError) {
        do { self.key = try P256.Signing.PrivateKey(pemRepresentation: String(decoding: pem, as: UTF8.self)) } catch {
            throw GloveboxError("key.encoding", "not a P-256 private key (PKCS #8 PEM)")
        }
    }

    /// PKCS #8 PEM.
    ///
    /// Secret: mode 0600.
    package var pem: [UInt8] { PEM.encode(Array(key.derRepresentation), label: "PRIVATE KEY") }

    /// The public half.
    package var publicKey: VerifyingKey {
        do throws(GloveboxError) { return try VerifyingKey(spki: Array(key.publicKey.derRepresentation)) } catch {
            preconditionFailure("the public half of a private key is a public key")
        }
    }

    /// Signs bytes: ECDSA with SHA-256, low-`s` DER.
    ///
    /// - Throws: `key.signing`.
    package func signature(over message: [UInt8]) throws(GloveboxError) -> [UInt8] {
        do { return ECDSASignature.encode(raw: Array(try key.signature(for: message).rawRepresentation)) } catch {
            throw GloveboxError("key.signing", "the P-256 signature could not be made")
        }
    }

    /// Signs a payload into an envelope.
    ///
    /// - Throws: `key.signing`.
    package func sign(_ payload: [UInt8], type: String = DSSE.statementType) throws(GloveboxError) -> Envelope {
        let signature = try signature(over: DSSE.pae(type: type, body: payload))
        return Envelope(payloadType: type, payload: payload, keyID: publicKey.keyID, signature: signature)
    }
}
