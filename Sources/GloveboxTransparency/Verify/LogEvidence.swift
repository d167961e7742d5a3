package import GloveboxCore

/// Two checkpoints of one log that cannot both be honest, or look so: what a reader or a witness shows to others.
///
/// Anyone who has the log's key can judge it. Form: canonical JSON, kind `glovebox-log-evidence/1`.
package struct LogEvidence: Sendable {
    /// What happened.
    package enum Kind: String, Sendable {
        /// The log is smaller than it was.
        case rollback
        /// The log has two histories.
        case fork
        /// A proof between the two failed that anyone may have brought.
        case suspect

        /// The reason code.
        package var code: String {
            switch self {
            case .rollback: "log.rollback"
            case .fork: "log.fork"
            case .suspect: "log.root-mismatch"
            }
        }
    }

    /// What happened.
    package let kind: Kind
    /// The log.
    package let key: NoteKey
    /// The signed checkpoint that was kept, byte for byte.
    package let old: [UInt8]
    /// The signed checkpoint that came later.
    package let new: [UInt8]
    /// The consistency proof that failed; empty where sizes or roots say enough.
    package let proof: [Digest]

    /// Whether the two checkpoints convict the log whoever brought them; an old one, or a wrong proof, anyone can bring.
    package var isConclusive: Bool { kind == .fork }

    /// The log's name, as the later checkpoint has it.
    package var origin: String { String(decoding: new.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }

    /// Puts together what a witness was shown.
    package init(kind: Kind, key: NoteKey, old: [UInt8], new: [UInt8], proof: [Digest] = []) {
        self.kind = kind
        self.key = key
        self.old = old
        self.new = new
        self.proof = proof
    }

    /// Compares two checkpoints of one log, with the consistency proof where one is due; nil when they agree.
    ///
    /// The proof must come from files that lead to the new checkpoint: others would accuse an honest log.
    ///
    /// - Throws: `log.proof-length`.
    package static func compare(
        old: (note: [UInt8], checkpoint: Checkpoint),
        new: (note: [UInt8], checkpoint: Checkpoint),
        key: NoteKey,
        proof: [Digest]
    ) throws(GloveboxError) -> LogEvidence? {
        func evidence(_ kind: Kind, _ proof: [Digest] = []) -> LogEvidence {
            LogEvidence(kind: kind, key: key, old: old.note, new: new.note, proof: proof)
        }
        do {
            try MerkleProof.verifyConsistency(
                old: (old.checkpoint.size, old.checkpoint.root),
                new: (new.checkpoint.size, new.checkpoint.root),
                proof: proof
            )
            return nil
        } catch {
            switch error.code {
            case "log.rollback": return evidence(.rollback)
            case "log.fork": return evidence(.fork, proof)
            default: throw error
            }
        }
    }

    /// The evidence as canonical JSON; anyone with the log's key can check it.
    package var bytes: [UInt8] {
        CanonicalJSON.encode([
            "kind": .string("glovebox-log-evidence/1"), "finding": .string(kind.rawValue), "key": .string(key.vkey),
            "old": .string(String(decoding: old, as: UTF8.self)), "new": .string(String(decoding: new, as: UTF8.self)),
            "proof": .array(proof.map { .string(Base64.encode($0.bytes)) }),
        ])
    }

    /// The error that names it.
    package var error: GloveboxError {
        GloveboxError(
            kind.code,
            kind == .rollback
                ? "the log has fewer entries than the checkpoint that was kept"
                : "the log is no continuation of the checkpoint that was kept"
        )
    }
}
