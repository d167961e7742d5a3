package import GloveboxCore

/// Two checkpoints that one log signed and that cannot both be of one history, or look so.
///
/// Everyone who has the log's key can judge it. Form: canonical JSON, `"type": "glovebox-log-evidence/1"`.
package struct LogEvidence: Sendable {
    private static let type = "glovebox-log-evidence/1"

    /// What the two checkpoints show.
    package enum Reason: String, Sendable {
        /// Two histories: two roots for one size, or a checkpoint that the log itself cannot lead to the other.
        case fork = "log.fork"
        /// A proof between the two failed; anyone who has both can bring a wrong proof.
        case proof = "log.root-mismatch"
        /// A checkpoint smaller than the one on record; anyone can bring an old one.
        case rollback = "log.rollback"
    }

    /// What they show.
    package let reason: Reason
    /// The checkpoint that was on record, as a note.
    package let recorded: [UInt8]
    /// The checkpoint that was shown, as a note.
    package let shown: [UInt8]
    /// The proof that came with it and failed.
    package let proof: [Digest]

    /// Whether the two checkpoints alone convict the log.
    package var isConclusive: Bool { reason == .fork }

    /// The log's name, as the shown checkpoint has it.
    package var origin: String {
        String(decoding: shown.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Puts evidence together.
    package init(reason: Reason, recorded: [UInt8], shown: [UInt8], proof: [Digest] = []) {
        self.reason = reason
        self.recorded = recorded
        self.shown = shown
        self.proof = proof
    }

    /// The file.
    package var bytes: [UInt8] {
        CanonicalJSON.encode([
            "type": .string(Self.type), "reason": .string(reason.rawValue),
            "recorded": .string(String(decoding: recorded, as: UTF8.self)),
            "shown": .string(String(decoding: shown, as: UTF8.self)),
            "proof": .array(proof.map { .string(Base64.encode($0.bytes)) }),
        ])
    }
}
