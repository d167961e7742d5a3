internal import Crypto
internal import GloveboxCore
internal import Synchronization

/// Ed25519 as notes use it.
enum Ed25519 {
    /// Names of what was verified last and was right, as a ring.
    ///
    /// A log shows the same signed checkpoint again and again, and what is right under a key stays so: nothing here goes stale.
    private struct Verified {
        static let most = 64
        var names: [SHA256Digest] = []
        var oldest = 0

        mutating func keep(_ name: SHA256Digest) {
            guard !names.contains(name) else { return }
            guard names.count == Self.most else { return names.append(name) }
            names[oldest] = name
            oldest = (oldest + 1) % Self.most
        }
    }

    private static let verified = Mutex(Verified())

    /// Verifies a signature; its length is 64 bytes and its S below the group order, both checked by the library.
    static func verify(
        signature: [UInt8],
        of message: [UInt8],
        key: NoteKey,
        or refused: GloveboxError
    ) throws(GloveboxError) {
        guard signature.count == 64 else { throw refused }
        // The first two have one length each, so no other three have these bytes.
        var name = SHA256()
        name.update(data: key.publicKey)
        name.update(data: signature)
        name.update(data: message)
        let named = name.finalize()
        if verified.withLock({ $0.names.contains(named) }) { return }
        let valid: Bool
        do {
            let publicKey = try Curve25519.Signing.PublicKey(rawRepresentation: key.publicKey)
            valid = publicKey.isValidSignature(signature, for: message)
        } catch {
            throw refused
        }
        guard valid else { throw refused }
        verified.withLock { $0.keep(named) }
    }
}
