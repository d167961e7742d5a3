package import GloveboxCore

/// A log that a witness watches.
package struct WatchedLog: Sendable {
    /// The first line of its checkpoints.
    package let origin: String
    /// The keys of which one must sign.
    package let keys: [NoteKey]

    /// Names a log.
    ///
    /// - Throws: `log.key` unless every key is a log's, and there is one.
    package init(origin: String, keys: [NoteKey]) throws(GloveboxError) {
        guard !keys.isEmpty, keys.allSatisfy({ $0.kind == .log }) else {
            throw GloveboxError("log.key", "a watched log needs a key of kind 01, Ed25519")
        }
        self.origin = origin
        self.keys = keys
    }
}

extension Checkpoint {
    /// Reads the checkpoint of a foreign log, which may have lines of its own after the first three.
    ///
    /// The root of an empty tree is not looked at: a witness has an answer of its own for a wrong one.
    ///
    /// - Throws: `log.note-format`, `log.size`.
    package init(foreign text: [UInt8]) throws(GloveboxError) {
        let refused = GloveboxError("log.note-format", "a checkpoint begins with the lines origin, size, root")
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last?.isEmpty == true, lines.dropLast().allSatisfy({ !$0.isEmpty }),
            let origin = String(validating: lines[0], as: UTF8.self)
        else { throw refused }
        guard let size = Decimal.read(lines[1]) else {
            throw GloveboxError("log.size", "a checkpoint's size is a plain decimal number up to 2^63 - 1")
        }
        guard let root = Base64.decode(String(decoding: lines[2], as: UTF8.self)).flatMap(Digest.init(bytes:)) else {
            throw refused
        }
        self.init(origin: origin, size: size, root: root)
    }
}
