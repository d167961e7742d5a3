package import GloveboxCore

/// What a log says about itself: its name, how many entries it has, and their root.
///
/// Source: C2SP tlog-checkpoint; transparency-log specification, section 4.
package struct Checkpoint: Sendable, Hashable {
    /// The log's name: a bare host name, equal to the name of its key.
    package let origin: String
    /// How many entries, at most 2^63 - 1.
    package let size: UInt64
    /// The root over them.
    package let root: Digest

    /// Makes a checkpoint.
    package init(origin: String, size: UInt64, root: Digest) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads a checkpoint's text: exactly three lines.
    ///
    /// Extension lines are refused, as no log of ours writes any.
    ///
    /// - Throws: `log.note-format`, `log.size`, `log.root-mismatch` for an empty tree with another root.
    package init(text: [UInt8]) throws(GloveboxError) {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty, let origin = String(validating: lines[0], as: UTF8.self),
            NoteKey.isName(origin)
        else { throw GloveboxError("log.note-format", "a checkpoint has three lines: origin, size, root") }
        guard let size = Decimal.read(lines[1]) else {
            throw GloveboxError("log.size", "a checkpoint's size is a plain decimal number up to 2^63 - 1")
        }
        guard let root = Base64.decode(String(decoding: lines[2], as: UTF8.self)).flatMap(Digest.init(bytes:)) else {
            throw GloveboxError("log.note-format", "a checkpoint's root is 32 bytes in base64")
        }
        guard size > 0 || root == MerkleHash.emptyRoot else {
            throw GloveboxError("log.root-mismatch", "an empty log has another root than the empty tree")
        }
        self.init(origin: origin, size: size, root: root)
    }

    /// Reads a signed checkpoint: every line, the log's signature, then the origin.
    ///
    /// - Throws: `log.note-format`, `log.key`, `log.checkpoint-signature`, `log.origin`, `log.size`,
    ///   `log.root-mismatch`.
    package static func open(note: [UInt8], key: NoteKey) throws(GloveboxError) -> Checkpoint {
        try open(note: note, keys: [key]).checkpoint
    }

    /// Reads a signed checkpoint of a log that changed its key, and names the first of the log's keys that signed it.
    ///
    /// The lines of the log's other keys must be right, too.
    ///
    /// - Throws: as ``open(note:key:)``.
    package static func open(
        note: [UInt8],
        keys: [NoteKey]
    ) throws(GloveboxError) -> (checkpoint: Checkpoint, key: NoteKey) {
        let note = try SignedNote(parsing: note)
        let present = keys.filter { note.line(of: $0) != nil }
        guard let key = present.first ?? keys.first else {
            throw GloveboxError("log.key", "no key of the log is known")
        }
        for key in present.isEmpty ? [key] : present { try note.verify(key: key) }
        let checkpoint = try Checkpoint(text: note.text)
        guard checkpoint.origin.utf8.elementsEqual(key.name.utf8) else {
            throw GloveboxError(
                "log.origin",
                "the checkpoint is of \(Display.escape(checkpoint.origin)), not of \(Display.escape(key.name))"
            )
        }
        return (checkpoint, key)
    }

    /// The three lines.
    package var text: [UInt8] { Array("\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n".utf8) }

    /// The checkpoint as a note under the log's key.
    ///
    /// - Throws: `log.origin` when the key has another name, `log.key`.
    package func signed(by signer: any CheckpointSigner) throws(GloveboxError) -> [UInt8] {
        guard signer.key.name.utf8.elementsEqual(origin.utf8) else {
            throw GloveboxError("log.origin", "the log key is named \(Display.escape(signer.key.name))")
        }
        return try signer.sign(text).bytes
    }

    package static func == (left: Self, right: Self) -> Bool { left.text == right.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
