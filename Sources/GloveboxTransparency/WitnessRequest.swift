package import GloveboxCore

/// What a log sends to its witness: the size the witness should have on record, the proof from there, the checkpoint.
///
/// Source: C2SP tlog-witness; transparency-log specification, section 11.
package struct WitnessRequest: Sendable {
    private static let lineFeed = UInt8(ascii: "\n")
    /// Greatest number of hashes in a proof.
    package static let maxHashes = 63
    /// Greatest length of a request in bytes.
    package static let maxBytes = 1 << 20

    /// The size of the checkpoint before.
    package let old: UInt64
    /// The consistency proof.
    package let proof: [Digest]
    /// The signed checkpoint, byte for byte.
    package let note: [UInt8]

    /// Puts a request together.
    package init(old: UInt64, proof: [Digest], note: [UInt8]) {
        self.old = old
        self.proof = proof
        self.note = note
    }

    /// Reads a request's body.
    ///
    /// - Throws: ``WitnessRefusal/malformed(_:)``.
    package init(parsing body: [UInt8]) throws(WitnessRefusal) {
        guard body.count <= Self.maxBytes else { throw .malformed("a request has at most \(Self.maxBytes) bytes") }
        var rest = body[...]
        func line() throws(WitnessRefusal) -> ArraySlice<UInt8> {
            guard let end = rest.firstIndex(of: Self.lineFeed) else { throw .malformed("the request ends early") }
            defer { rest = rest[(end + 1)...] }
            return rest[..<end]
        }
        let first = try line()
        guard first.starts(with: "old ".utf8), let old = Decimal.read(first.dropFirst(4)) else {
            throw .malformed("the first line is 'old' and a plain decimal number")
        }
        var proof: [Digest] = []
        while true {
            let text = try line()
            if text.isEmpty { break }
            guard proof.count < Self.maxHashes else { throw .malformed("a proof has at most \(Self.maxHashes) hashes") }
            guard let hash = Base64.decode(String(decoding: text, as: UTF8.self)).flatMap(Digest.init(bytes:)) else {
                throw .malformed("a proof line is not 32 bytes in base64")
            }
            proof.append(hash)
        }
        self.init(old: old, proof: proof, note: Array(rest))
    }

    /// The body.
    package var bytes: [UInt8] {
        var text = "old \(old)\n"
        for hash in proof { text += Base64.encode(hash.bytes) + "\n" }
        return Array((text + "\n").utf8) + note
    }

    /// The checkpoint, once a trusted key of its origin has signed it.
    ///
    /// - Returns: the checkpoint, and the note with the lines of trusted keys alone.
    /// - Throws: ``WitnessRefusal/malformed(_:)``, ``WitnessRefusal/unknownOrigin``, ``WitnessRefusal/untrusted``.
    package func open(
        watching logs: [WatchedLog]
    ) throws(WitnessRefusal) -> (checkpoint: Checkpoint, note: SignedNote) {
        let signed: SignedNote
        let checkpoint: Checkpoint
        do throws(GloveboxError) {
            signed = try SignedNote(parsing: note)
            checkpoint = try Checkpoint(foreign: signed.text)
        } catch {
            throw .malformed(error.message)
        }
        guard let log = logs.first(where: { $0.origin.utf8.elementsEqual(checkpoint.origin.utf8) }) else {
            throw .unknownOrigin
        }
        let present = log.keys.filter { signed.line(of: $0) != nil }
        do throws(GloveboxError) {
            for key in present { try signed.verify(key: key) }
        } catch {
            throw .untrusted
        }
        guard !present.isEmpty else { throw .untrusted }
        return (checkpoint, SignedNote(text: signed.text, signatures: present.compactMap(signed.line)))
    }

    /// Checks that the checkpoint follows from the one on record; nil when there is none.
    ///
    /// - Throws: ``WitnessRefusal/malformed(_:)``, ``WitnessRefusal/conflict(recorded:)``,
    ///   ``WitnessRefusal/inconsistent(_:)``.
    package func check(_ checkpoint: Checkpoint, after recorded: Checkpoint?) throws(WitnessRefusal) {
        guard old <= checkpoint.size else { throw .malformed("the old size is above the checkpoint's") }
        guard old == recorded?.size ?? 0 else { throw .conflict(recorded: recorded?.size ?? 0) }
        guard checkpoint.size > 0 || checkpoint.root == MerkleHash.emptyRoot else {
            throw .inconsistent("an empty log has another root than the empty tree")
        }
        do throws(GloveboxError) {
            try MerkleProof.verifyConsistency(
                old: (old, recorded?.root ?? MerkleHash.emptyRoot),
                new: (checkpoint.size, checkpoint.root),
                proof: proof
            )
        } catch {
            throw .inconsistent(error.message)
        }
    }
}
