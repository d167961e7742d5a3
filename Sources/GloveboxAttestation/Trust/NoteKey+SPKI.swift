package import GloveboxCore
package import GloveboxTransparency

extension NoteKey {
    /// SubjectPublicKeyInfo, DER (RFC 8410), as sigstore's files carry it.
    package var spki: [UInt8] { PersonKey.spkiPrefix + publicKey }

    /// SHA-256 of the SPKI, by which a key is revoked.
    package var digest: Digest { Hashing.sha256(spki) }
}
