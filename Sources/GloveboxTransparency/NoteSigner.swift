package import GloveboxCore

/// A private key for signed notes.
///
/// Text form, as in Go: `PRIVATE+KEY+name+<8 hex: key id>+<base64: 01 || seed>`.
package struct NoteSigner: Sendable {
    private let secret: NoteSecret

    /// The public half.
    package var key: NoteKey { secret.key }

    private init(_ secret: NoteSecret) { self.secret = secret }

    /// Makes a signer from a 32-byte seed.
    ///
    /// - Throws: `log.key` for a bad name or seed.
    package init(name: String, seed: [UInt8]) throws(GloveboxError) {
        self.init(try NoteSecret(name: name, kind: .log, seed: seed))
    }

    /// Makes a new key from the system's randomness.
    ///
    /// - Throws: `log.key` for a bad name.
    package static func generate(name: String) throws(GloveboxError) -> NoteSigner {
        NoteSigner(try NoteSecret(generating: .log, name: name))
    }

    /// Reads the text form, without a final line feed.
    ///
    /// - Throws: `log.key`. The message never quotes the text.
    package init(parsing text: String) throws(GloveboxError) {
        self.init(try NoteSecret(parsing: text, kind: .log))
    }

    /// The text form.
    ///
    /// It is secret.
    package var secretText: String { secret.text }

    /// Signs a note's text, which ends in a line feed.
    ///
    /// - Throws: `log.key` when the library cannot sign.
    package func sign(_ text: [UInt8]) throws(GloveboxError) -> SignedNote {
        let signature = try secret.signature(for: text)
        return SignedNote(text: text, signatures: [.init(name: key.name, keyID: key.keyID, bytes: signature)])
    }
}
