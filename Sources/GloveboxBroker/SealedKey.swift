internal import Crypto
internal import Foundation
package import GloveboxCore

/// A data key on its way: sealed to a key that one job made for it.
///
/// HPKE, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (RFC 9180); info is `glovebox-kbs-v1`, a zero byte
/// and the plan's digest. Source: attestation specification, section 11.
package struct SealedKey: Sendable {
    /// The encapsulated key, 32 bytes.
    package let encapsulated: [UInt8]
    /// Ciphertext and tag.
    package let ciphertext: [UInt8]

    private static let suite = HPKE.Ciphersuite(
        kem: .Curve25519_HKDF_SHA256,
        kdf: .HKDF_SHA256,
        aead: .AES_GCM_256
    )

    private static func info(_ plan: GloveboxCore.Digest) -> Data { Data(Array("glovebox-kbs-v1\0".utf8) + plan.bytes) }

    /// Wraps what came over a wire.
    package init(encapsulated: [UInt8], ciphertext: [UInt8]) {
        self.encapsulated = encapsulated
        self.ciphertext = ciphertext
    }

    /// Seals bytes to a job's key.
    ///
    /// - Throws: `kbs.hpke`.
    package init(sealing bytes: [UInt8], to key: [UInt8], plan: GloveboxCore.Digest) throws(GloveboxError) {
        do {
            let recipient = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: key)
            var sender = try HPKE.Sender(recipientKey: recipient, ciphersuite: Self.suite, info: Self.info(plan))
            ciphertext = Array(try sender.seal(bytes))
            encapsulated = Array(sender.encapsulatedKey)
        } catch { throw GloveboxError("kbs.hpke", "the data key cannot be sealed to the job's key") }
    }
}

/// The key pair that a job makes for the keys it asks for; it lives in memory, and goes with the run, or sealed with what
/// the run left until that is decided.
package struct KeyRecipient: Sendable {
    private let key: Curve25519.KeyAgreement.PrivateKey

    /// Makes a key pair.
    package init() { key = Curve25519.KeyAgreement.PrivateKey() }

    /// Takes up ``privateKey`` again.
    ///
    /// - Throws: `kbs.hpke`.
    package init(privateKey: [UInt8]) throws(GloveboxError) {
        do { key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: privateKey) } catch {
            throw GloveboxError("kbs.hpke", "that is no private key of 32 bytes")
        }
    }

    /// The private key, 32 bytes: for nothing but a file that is sealed under ``KeyBroker/checkingKey(_:)``.
    package var privateKey: [UInt8] { Array(key.rawRepresentation) }

    /// The public key, 32 bytes.
    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// Opens a key that was sealed to this one.
    ///
    /// - Throws: `kbs.hpke` when it was sealed to another key, for another plan, or changed.
    package func open(_ sealed: SealedKey, plan: GloveboxCore.Digest) throws(GloveboxError) -> [UInt8] {
        do { return try sealed.opened(by: key, plan) } catch {
            throw GloveboxError("kbs.hpke", "the broker's answer is not sealed to this job's key and plan")
        }
    }
}

extension SealedKey {
    fileprivate func opened(
        by key: Curve25519.KeyAgreement.PrivateKey,
        _ plan: GloveboxCore.Digest
    ) throws -> [UInt8] {
        var recipient = try HPKE.Recipient(
            privateKey: key,
            ciphersuite: Self.suite,
            info: Self.info(plan),
            encapsulatedKey: Data(encapsulated)
        )
        return Array(try recipient.open(ciphertext))
    }
}
