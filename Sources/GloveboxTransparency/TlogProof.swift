package import GloveboxCore

/// A receipt: an entry's path in the tree, with the signed checkpoint it leads to.
///
/// Source: C2SP tlog-proof; transparency-log specification, section 6.
package struct TlogProof: Sendable {
    private static let header = Array("c2sp.org/tlog-proof@v1".utf8)
    private static let maxHashes = 63

    /// The entry's index.
    package let index: UInt64
    /// The path, the leaf's sibling first.
    package let hashes: [Digest]
    /// The signed checkpoint, byte for byte.
    package let checkpoint: [UInt8]

    /// Puts a proof together.
    package init(index: UInt64, hashes: [Digest], checkpoint: [UInt8]) {
        self.index = index
        self.hashes = hashes
        self.checkpoint = checkpoint
    }

    /// Reads a proof file.
    ///
    /// An `extra` line is passed over: nothing authenticates it.
    ///
    /// - Throws: `log.proof-format`, `log.proof-length` for more than 63 hashes.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        guard bytes.count <= 2 * SignedNote.maxBytes, let blank = Self.firstBlankLine(bytes) else {
            throw Self.format("a proof is a header, an index, hashes, a blank line and a checkpoint")
        }
        var lines = bytes[..<(blank - 1)].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
        guard lines.popFirst().map(Array.init) == Self.header else { throw Self.format("unknown header") }
        if let extra = lines.first, extra.starts(with: "extra ".utf8) {
            guard Base64.decode(String(decoding: extra.dropFirst(6), as: UTF8.self)) != nil else {
                throw Self.format("the extra line is not base64")
            }
            lines.removeFirst()
        }
        guard let line = lines.popFirst(), line.starts(with: "index ".utf8), let index = Decimal.read(line.dropFirst(6))
        else { throw Self.format("the index line is not 'index' and a plain decimal number") }
        guard lines.count <= Self.maxHashes else {
            throw GloveboxError("log.proof-length", "a proof has at most \(Self.maxHashes) hashes")
        }
        var hashes: [Digest] = []
        for line in lines {
            guard let hash = Base64.decode(String(decoding: line, as: UTF8.self)).flatMap(Digest.init(bytes:)) else {
                throw Self.format("a hash line is not 32 bytes in base64")
            }
            hashes.append(hash)
        }
        self.init(index: index, hashes: hashes, checkpoint: Array(bytes[(blank + 1)...]))
    }

    /// The proof file.
    package var bytes: [UInt8] {
        var text = "\nindex \(index)\n"
        for hash in hashes { text += Base64.encode(hash.bytes) + "\n" }
        return Self.header + Array((text + "\n").utf8) + checkpoint
    }

    /// Checks that the log of that key holds the entry, and returns the checkpoint that says so.
    ///
    /// - Throws: as ``verify(entry:trust:now:)``.
    package func verify(entry: [UInt8], log key: NoteKey) throws(GloveboxError) -> Checkpoint {
        // A key alone asks no witness, so no clock is needed.
        try verify(entry: entry, trust: .key(key), now: Instant(seconds: 0)).checkpoint
    }

    /// As ``verify(entry:log:)`` for a log that changed its key; names the first of its keys that signed.
    ///
    /// - Throws: as ``Checkpoint/open(note:keys:)``, then as ``verify(entry:trust:now:)``.
    package func verify(
        entry: [UInt8],
        logs keys: [NoteKey]
    ) throws(GloveboxError) -> (checkpoint: Checkpoint, key: NoteKey) {
        let key = try Checkpoint.open(note: checkpoint, keys: keys).key
        return (try verify(entry: entry, log: key), key)
    }

    /// Checks that a log holds the entry, and returns the checkpoint that says so with whom it is believed by.
    ///
    /// - Throws: what ``LogTrust/open(note:now:)`` throws, then `log.index`, `log.proof-length`, `log.root-mismatch`.
    package func verify(entry: [UInt8], trust: LogTrust, now: Instant) throws(GloveboxError) -> LogTrust.Opened {
        let leaf = MerkleHash.leaf(entry)
        let opened = try trust.open(note: checkpoint, now: now)
        try MerkleProof.verifyInclusion(
            leaf: leaf,
            index: index,
            size: opened.checkpoint.size,
            root: opened.checkpoint.root,
            path: hashes
        )
        return opened
    }

    /// The offset of the line feed that makes the first blank line.
    private static func firstBlankLine(_ bytes: [UInt8]) -> Int? {
        for at in bytes.indices.dropFirst() where bytes[at] == UInt8(ascii: "\n") && bytes[at - 1] == UInt8(ascii: "\n")
        {
            return at
        }
        return nil
    }

    private static func format(_ message: String) -> GloveboxError {
        GloveboxError("log.proof-format", message)
    }
}
