internal import Crypto
package import GloveboxCore

/// A private key for signed notes.
///
/// Text form, as in Go: `PRIVATE+KEY+name+<8 hex: key id>+<base64: 01 || seed>`.
package struct NoteSigner: Sendable {
    private static let prefix = "PRIVATE+KEY+"
    /// The public half.
    package let key: NoteKey
    private let secret: Curve25519.Signing.PrivateKey

    /// Makes a signer from a 32-byte seed.
    ///
    /// - Throws: `log.key` for a bad name or seed.
    package init(name: String, seed: [UInt8]) throws(GloveboxError) {
        do {
            self.secret = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            throw GloveboxError("log.key", "a log key's seed has 32 bytes")
        }
        self.key = try NoteKey(name: name, publicKey: Array(secret.publicKey.rawRepresentation))
    }

    /// Makes a new key from the system's randomness.
    ///
    /// - Throws: `log.key` for a bad name.
    package static func generate(name: String) throws(GloveboxError) -> NoteSigner {
        try NoteSigner(name: name, seed: Array(Curve25519.Signing.PrivateKey().rawRepresentation))
    }

    /// Reads the text form, without a final line feed.
    ///
    /// - Throws: `log.key`. The message never quotes the text.
    package init(parsing text: String) throws(GloveboxError) {
        guard text.utf8.starts(with: Self.prefix.utf8) else {
            throw GloveboxError("log.key", "a signer key starts with \(Self.prefix)")
        }
        let (name, id, bytes) = try NoteKey.split(String(text.dropFirst(Self.prefix.utf8.count)))
        guard bytes.first == NoteKeyKind.log.rawValue else {
            throw GloveboxError("log.key", "a signer key must be of kind 01, Ed25519")
        }
        try self.init(name: name, seed: Array(bytes.dropFirst()))
        guard id == key.keyID else { throw GloveboxError("log.key", "the signer key's id is not that of its key") }
    }

    /// The text form.
    ///
    /// It is secret.
    package var secretText: String {
        let bytes = [NoteKeyKind.log.rawValue] + Array(secret.rawRepresentation)
        return "\(Self.prefix)\(key.name)+\(Hex.encode(key.keyID))+\(Base64.encode(bytes))"
    }

    /// Signs a note's text, which ends in a line feed.
    ///
    /// - Throws: `log.key` when the library cannot sign.
    package func sign(_ text: [UInt8]) throws(GloveboxError) -> SignedNote {
        do {
            let signature = Array(try secret.signature(for: text))
            return SignedNote(text: text, signatures: [.init(name: key.name, keyID: key.keyID, bytes: signature)])
        } catch {
            throw GloveboxError("log.key", "signing failed")
        }
    }
}
