internal import Crypto
internal import GloveboxCore

/// The private half of a note key, whatever it signs.
///
/// Text form, as in Go: `PRIVATE+KEY+name+<8 hex: key id>+<base64: kind || seed>`.
struct NoteSecret: Sendable {
    private static let prefix = "PRIVATE+KEY+"
    /// The public half.
    let key: NoteKey
    private let secret: Curve25519.Signing.PrivateKey

    /// Makes a key of a kind from a 32-byte seed.
    ///
    /// - Throws: `log.key` for a bad name or seed.
    init(name: String, kind: NoteKeyKind, seed: [UInt8]) throws(GloveboxError) {
        do { secret = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) } catch {
            throw GloveboxError("log.key", "a key's seed has 32 bytes")
        }
        key = try NoteKey(name: name, kind: kind, publicKey: Array(secret.publicKey.rawRepresentation))
    }

    /// Makes a new key from the system's randomness.
    ///
    /// - Throws: `log.key` for a bad name.
    init(generating kind: NoteKeyKind, name: String) throws(GloveboxError) {
        try self.init(name: name, kind: kind, seed: Array(Curve25519.Signing.PrivateKey().rawRepresentation))
    }

    /// Reads the text form of a key of that kind, without a final line feed.
    ///
    /// - Throws: `log.key`. The message never quotes the text.
    init(parsing text: String, kind: NoteKeyKind) throws(GloveboxError) {
        guard text.utf8.starts(with: Self.prefix.utf8) else {
            throw GloveboxError("log.key", "a private key starts with \(Self.prefix)")
        }
        let (name, id, bytes) = try NoteKey.split(String(text.dropFirst(Self.prefix.utf8.count)))
        guard bytes.first == kind.rawValue else {
            throw GloveboxError("log.key", "the private key must be of kind 0\(kind.rawValue)")
        }
        try self.init(name: name, kind: kind, seed: Array(bytes.dropFirst()))
        guard id == key.keyID else { throw GloveboxError("log.key", "the private key's id is not that of its key") }
    }

    /// The text form.
    ///
    /// It is secret.
    var text: String {
        let bytes = [key.kind.rawValue] + Array(secret.rawRepresentation)
        return "\(Self.prefix)\(key.name)+\(Hex.encode(key.keyID))+\(Base64.encode(bytes))"
    }

    /// An Ed25519 signature.
    ///
    /// - Throws: `log.key` when the library cannot sign.
    func signature(for message: [UInt8]) throws(GloveboxError) -> [UInt8] {
        do { return Array(try secret.signature(for: message)) } catch {
            throw GloveboxError("log.key", "signing failed")
        }
    }
}
