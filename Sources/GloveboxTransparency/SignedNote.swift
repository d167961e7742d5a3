internal import Crypto
package import GloveboxCore

/// A text with signature lines.
///
/// Source: C2SP signed-note; transparency-log specification, sections 3 and 12.1.
package struct SignedNote: Sendable, Hashable {
    /// One signature line.
    package struct Signature: Sendable, Hashable {
        /// Who signs.
        package let name: String
        /// The first four bytes of the key's hash.
        package let keyID: [UInt8]
        /// What follows the key id; for kind 01 the 64 bytes of an Ed25519 signature.
        package let bytes: [UInt8]

        /// The line as written, with its line feed.
        package var line: [UInt8] {
            SignedNote.dash + Array("\(name) \(Base64.encode(keyID + bytes))\n".utf8)
        }
    }

    private static let dash: [UInt8] = Array("— ".utf8)
    private static let lineFeed = UInt8(ascii: "\n")
    /// Greatest number of signature lines that is read.
    package static let maxSignatures = 100
    /// Greatest length in bytes that is read.
    package static let maxBytes = 1 << 20

    /// What is signed, with its final line feed.
    package let text: [UInt8]
    /// The lines, in order.
    package let signatures: [Signature]

    /// Puts a note together.
    package init(text: [UInt8], signatures: [Signature]) {
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note.
    ///
    /// Nothing is verified yet.
    ///
    /// - Throws: `log.note-format`.
    package init(parsing note: [UInt8]) throws(GloveboxError) {
        guard note.count <= Self.maxBytes, String(validating: note, as: UTF8.self) != nil,
            note.allSatisfy({ $0 >= 0x20 || $0 == Self.lineFeed })
        else { throw Self.format("a note is UTF-8 without control bytes, at most \(Self.maxBytes) bytes") }
        guard note.last == Self.lineFeed, let blank = Self.lastBlankLine(note) else {
            throw Self.format("a note is text, a blank line and signature lines")
        }
        var seen: Set<Signature> = []
        var signatures: [Signature] = []
        for line in note[(blank + 1)...].dropLast().split(separator: Self.lineFeed, omittingEmptySubsequences: false) {
            let signature = try Self.signature(Array(line))
            let identity = Signature(name: signature.name, keyID: signature.keyID, bytes: [])
            guard seen.insert(identity).inserted else { throw Self.format("a key signs a note twice") }
            guard signatures.count < Self.maxSignatures else {
                throw Self.format("a note has more than \(Self.maxSignatures) signature lines")
            }
            signatures.append(signature)
        }
        self.text = Array(note[..<blank])
        self.signatures = signatures
    }

    /// The note as written.
    package var bytes: [UInt8] {
        var out = text + [Self.lineFeed]
        for signature in signatures { out += signature.line }
        return out
    }

    /// Checks the line of a log's key over the text.
    ///
    /// Lines of other keys are passed over.
    ///
    /// - Throws: `log.key` when the key is not of kind 01, `log.checkpoint-signature` when its line is missing or wrong.
    package func verify(key: NoteKey) throws(GloveboxError) {
        guard key.kind == .log else { throw GloveboxError("log.key", "a witness key cannot sign for a log") }
        let refused = GloveboxError("log.checkpoint-signature", "the note is not signed by \(Display.escape(key.name))")
        guard let line = line(of: key) else { throw refused }
        try Ed25519.verify(signature: line.bytes, of: text, key: key, or: refused)
    }

    /// The signature line under the key's name and id.
    package func line(of key: NoteKey) -> Signature? {
        signatures.first { $0.keyID == key.keyID && $0.name.utf8.elementsEqual(key.name.utf8) }
    }

    /// The offset of the line feed that makes the last blank line, when text stands before it.
    private static func lastBlankLine(_ note: [UInt8]) -> Int? {
        var at = note.count - 2
        while at > 0 {
            if note[at] == lineFeed, note[at - 1] == lineFeed { return at }
            at -= 1
        }
        return nil
    }

    private static func signature(_ line: [UInt8]) throws(GloveboxError) -> Signature {
        let parts = line.dropFirst(dash.count)
            .split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
        guard line.starts(with: dash), parts.count == 2 else { throw format("a signature line is '— name base64'") }
        let name = String(decoding: parts[0], as: UTF8.self)
        guard NoteKey.isName(name), let bytes = Base64.decode(String(decoding: parts[1], as: UTF8.self)),
            bytes.count > 4
        else { throw format("a signature line has a bad name or bad base64") }
        return Signature(name: name, keyID: Array(bytes[..<4]), bytes: Array(bytes[4...]))
    }

    private static func format(_ message: String) -> GloveboxError { GloveboxError("log.note-format", message) }
}

extension SignedNote.Signature {
    package static func == (left: Self, right: Self) -> Bool {
        left.keyID == right.keyID && left.bytes == right.bytes && left.name.utf8.elementsEqual(right.name.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(keyID)
        hasher.combine(bytes)
        for byte in name.utf8 { hasher.combine(byte) }
    }
}
