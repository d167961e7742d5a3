internal import GloveboxCore
internal import GloveboxTransparency

/// What the log's own witnesses have said so far, and what is still wanting.
struct WitnessBoard: Sendable {
    /// The policy with the witnesses' keys and the quorum; nil for a log without witnesses.
    let policy: TlogPolicy?
    /// The largest size that each witness cosigned, by its name in the policy.
    private(set) var sizes: [String: UInt64] = [:]
    /// When the last line came, by this site's clock.
    private(set) var lastAt: Instant?
    /// The newest checkpoint that satisfies the quorum.
    private(set) var cosigned: (note: [UInt8], size: UInt64)?

    init(policy: TlogPolicy?) { self.policy = policy }

    /// Whether a release waits for witnesses.
    var isRequired: Bool { policy?.quorum != nil }

    /// Takes the verified lines that there are under a checkpoint.
    mutating func take(
        _ checkpoint: Checkpoint,
        _ note: SignedNote,
        lines: [(name: String, line: SignedNote.Signature)],
        now: Instant
    ) {
        for (name, _) in lines { sizes[name] = max(sizes[name] ?? 0, checkpoint.size) }
        if !lines.isEmpty { lastAt = now }
        guard let policy, checkpoint.size >= cosigned?.size ?? 0 else { return }
        let bytes = SignedNote(text: note.text, signatures: note.signatures + lines.map(\.line)).bytes
        do throws(GloveboxError) {
            _ = try policy.open(note: bytes, now: now)
            cosigned = (bytes, checkpoint.size)
        } catch {
            // Fewer than the quorum: the checkpoint is public all the same, and the next round asks again.
        }
    }

    /// The checkpoint under which an entry may be shown outside; nil while the quorum has not seen it.
    func note(covering index: UInt64) -> [UInt8]? { cosigned.flatMap { $0.size > index ? $0.note : nil } }

    /// How many witnesses cosigned the newest checkpoint that any did.
    var newest: Int {
        let largest = sizes.values.max()
        return sizes.values.count { $0 == largest }
    }

    /// Names of the witnesses that have not cosigned a checkpoint with that entry.
    func missing(_ index: UInt64) -> [String] {
        (policy?.witnesses.keys.sorted() ?? []).filter { sizes[$0] ?? 0 <= index }
    }
}
