internal import Crypto
package import GloveboxCore

/// A witness's private key: it makes cosignatures and can sign nothing else.
///
/// Text form: `PRIVATE+KEY+name+<8 hex: key id>+<base64: 04 || seed>`.
///
/// Source: C2SP tlog-cosignature; transparency-log specification, section 6.
package struct Cosigner: Sendable {
    private static let prefix = "PRIVATE+KEY+"
    /// The public half.
    package let key: NoteKey
    private let secret: Curve25519.Signing.PrivateKey

    /// Makes a witness from a 32-byte seed.
    ///
    /// - Throws: `log.key` for a bad name or seed.
    package init(name: String, seed: [UInt8]) throws(GloveboxError) {
        do {
            self.secret = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            throw GloveboxError("log.key", "a witness key's seed has 32 bytes")
        }
        self.key = try NoteKey(name: name, kind: .witness, publicKey: Array(secret.publicKey.rawRepresentation))
    }

    /// Makes a new key from the system's randomness.
    ///
    /// - Throws: `log.key` for a bad name.
    package static func generate(name: String) throws(GloveboxError) -> Cosigner {
        try Cosigner(name: name, seed: Array(Curve25519.Signing.PrivateKey().rawRepresentation))
    }

    /// Reads the text form, without a final line feed.
    ///
    /// - Throws: `log.key`. The message never quotes the text.
    package init(parsing text: String) throws(GloveboxError) {
        guard text.utf8.starts(with: Self.prefix.utf8) else {
            throw GloveboxError("log.key", "a witness's private key starts with \(Self.prefix)")
        }
        let (name, id, bytes) = try NoteKey.split(String(text.dropFirst(Self.prefix.utf8.count)))
        guard bytes.first == NoteKeyKind.witness.rawValue else {
            throw GloveboxError("log.key", "a witness's private key must be of kind 04")
        }
        try self.init(name: name, seed: Array(bytes.dropFirst()))
        guard id == key.keyID else { throw GloveboxError("log.key", "the witness key's id is not that of its key") }
    }

    /// The text form.
    ///
    /// It is secret.
    package var secretText: String {
        let bytes = [NoteKeyKind.witness.rawValue] + Array(secret.rawRepresentation)
        return "\(Self.prefix)\(key.name)+\(Hex.encode(key.keyID))+\(Base64.encode(bytes))"
    }

    /// States that the witness saw a checkpoint's text at a time.
    ///
    /// - Throws: `log.cosignature` for a time before 1970, `log.key` when the library cannot sign.
    package func cosign(_ text: [UInt8], at time: Instant) throws(GloveboxError) -> SignedNote.Signature {
        guard let seconds = UInt64(exactly: time.seconds), seconds > 0 else {
            throw GloveboxError("log.cosignature", "the clock stands before 1970")
        }
        do {
            let signature = Array(try secret.signature(for: Cosignature.message(seconds: seconds, text: text)))
            return SignedNote.Signature(
                name: key.name,
                keyID: key.keyID,
                bytes: seconds.bigEndianBytes + signature
            )
        } catch {
            throw GloveboxError("log.key", "signing failed")
        }
    }
}
