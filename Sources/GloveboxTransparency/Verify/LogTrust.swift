package import GloveboxCore

/// By whose word a checkpoint is believed.
package enum LogTrust: Sendable {
    /// The log's key alone; witnesses are not asked.
    case key(NoteKey)
    /// A policy, with the log's key or one of the policy's.
    case policy(TlogPolicy, key: NoteKey?)

    /// Whether a checkpoint counts only once a quorum of witnesses has seen it.
    package var demandsQuorum: Bool {
        if case .policy(let policy, _) = self { return policy.quorum != nil }
        return false
    }

    /// A checkpoint that was believed, and by whose word.
    package struct Opened: Sendable {
        /// What the log says.
        package let checkpoint: Checkpoint
        /// The log's key.
        package let key: NoteKey
        /// The policy's witnesses that saw it, by name; nil when no policy asks for any.
        package let witnesses: [TlogPolicy.Sighting]?
    }

    /// Opens a checkpoint that was kept, maybe from before the log changed its key; witnesses are not asked.
    ///
    /// - Throws: what ``Checkpoint/open(note:keys:)`` throws.
    func open(kept note: [UInt8], of log: NoteKey) throws(GloveboxError) -> Checkpoint {
        guard case .policy(let policy, _) = self else { return try Checkpoint.open(note: note, key: log) }
        let keys = policy.logs.filter { $0.name.utf8.elementsEqual(log.name.utf8) }
        return try Checkpoint.open(note: note, keys: keys).checkpoint
    }

    /// Opens a checkpoint: every line, the log's signature, the origin, then cosignatures and quorum.
    ///
    /// - Throws: what ``TlogPolicy/open(note:now:)`` throws.
    package func open(note: [UInt8], now: Instant) throws(GloveboxError) -> Opened {
        switch self {
        case .key(let key):
            return Opened(checkpoint: try Checkpoint.open(note: note, key: key), key: key, witnesses: nil)
        case .policy(let policy, let wanted):
            let (checkpoint, key, witnesses) = try policy.examine(note: note, now: now)
            guard wanted == nil || wanted == key else {
                throw GloveboxError(
                    "log.key",
                    "the checkpoint is signed by another log of the policy than the key given"
                )
            }
            return Opened(checkpoint: checkpoint, key: key, witnesses: witnesses)
        }
    }
}
