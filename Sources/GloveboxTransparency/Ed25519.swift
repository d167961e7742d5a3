internal import Crypto
internal import GloveboxCore

/// Ed25519 as notes use it.
enum Ed25519 {
    /// Verifies a signature; its length is 64 bytes and its S below the group order, both checked by the library.
    static func verify(
        signature: [UInt8],
        of message: [UInt8],
        key: NoteKey,
        or refused: GloveboxError
    ) throws(GloveboxError) {
        let valid: Bool
        do {
            let publicKey = try Curve25519.Signing.PublicKey(rawRepresentation: key.publicKey)
            valid = signature.count == 64 && publicKey.isValidSignature(signature, for: message)
        } catch {
            throw refused
        }
        guard valid else { throw refused }
    }
}
