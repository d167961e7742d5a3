package import GloveboxCore

/// A witness's private key: it makes cosignatures and can sign nothing else.
///
/// Text form: `PRIVATE+KEY+name+<8 hex: key id>+<base64: 04 || seed>`.
///
/// Source: C2SP tlog-cosignature; transparency-log specification, section 6.
package struct Cosigner: Sendable {
    private let secret: NoteSecret

    /// The public half.
    package var key: NoteKey { secret.key }

    private init(_ secret: NoteSecret) { self.secret = secret }

    /// Makes a witness from a 32-byte seed.
    ///
    /// - Throws: `log.key` for a bad name or seed.
    package init(name: String, seed: [UInt8]) throws(GloveboxError) {
        self.init(try NoteSecret(name: name, kind: .witness, seed: seed))
    }

    /// Makes a new key from the system's randomness.
    ///
    /// - Throws: `log.key` for a bad name.
    package static func generate(name: String) throws(GloveboxError) -> Cosigner {
        Cosigner(try NoteSecret(generating: .witness, name: name))
    }

    /// Reads the text form, without a final line feed.
    ///
    /// - Throws: `log.key`. The message never quotes the text.
    package init(parsing text: String) throws(GloveboxError) {
        self.init(try NoteSecret(parsing: text, kind: .witness))
    }

    /// The text form.
    ///
    /// It is secret.
    package var secretText: String { secret.text }

    /// States that the witness saw a checkpoint's text at a time.
    ///
    /// - Throws: `log.cosignature` for a time before 1970, `log.key` when the library cannot sign.
    package func cosign(_ text: [UInt8], at time: Instant) throws(GloveboxError) -> SignedNote.Signature {
        guard let seconds = UInt64(exactly: time.seconds), seconds > 0 else {
            throw GloveboxError("log.cosignature", "the clock stands before 1970")
        }
        let signature = try secret.signature(for: Cosignature.message(seconds: seconds, text: text))
        return SignedNote.Signature(name: key.name, keyID: key.keyID, bytes: seconds.bigEndianBytes + signature)
    }
}
