package import GloveboxCore

/// Whom a reader believes: the logs' keys, and which witnesses must have seen a checkpoint.
///
/// Source: C2SP tlog-policy; transparency-log specification, section 6.
package struct TlogPolicy: Sendable {
    struct Group: Sendable {
        let threshold: Int
        let members: [String]
    }

    /// The logs' keys.
    package internal(set) var logs: [NoteKey] = []
    /// The witnesses' keys by the name the file gives them.
    package internal(set) var witnesses: [String: NoteKey] = [:]
    /// Where those witnesses answer that have an address in the file.
    package internal(set) var addresses: [String: String] = [:]
    var groups: [String: Group] = [:]
    /// The witness or group that must be satisfied; nil when the file says `none`.
    package internal(set) var quorum: String?

    /// A witness that saw a checkpoint.
    package struct Sighting: Sendable {
        /// The name the policy gives the witness.
        package let name: String
        /// When the witness says it saw the checkpoint.
        package let time: Instant
    }

    /// Opens a checkpoint: the log's signature and origin first, then every known witness's line, then the quorum.
    ///
    /// - Throws: `log.key` when the note is from no log of this policy, what ``Checkpoint/open(note:key:)`` throws,
    ///   `log.cosignature`, `log.time-future`, `log.quorum`.
    package func open(note bytes: [UInt8], now: Instant) throws(GloveboxError) -> Checkpoint {
        try examine(note: bytes, now: now).checkpoint
    }

    /// Opens a checkpoint, and tells whose it is and which witnesses saw it, by name.
    ///
    /// - Throws: as ``open(note:now:)``.
    package func examine(
        note bytes: [UInt8],
        now: Instant
    ) throws(GloveboxError) -> (checkpoint: Checkpoint, log: NoteKey, witnesses: [Sighting]) {
        let note = try SignedNote(parsing: bytes)
        guard let key = logs.first(where: { note.line(of: $0) != nil }) else {
            throw GloveboxError("log.key", "the checkpoint is signed by no log of the policy")
        }
        let sameName = logs.filter { $0.name.utf8.elementsEqual(key.name.utf8) }
        let checkpoint = try Checkpoint.open(note: bytes, keys: sameName).checkpoint
        var seen: [Sighting] = []
        for (name, witness) in witnesses.sorted(by: { $0.key < $1.key }) {
            guard let line = note.line(of: witness) else { continue }
            let time = try Cosignature.verify(line, of: note.text, witness: witness, now: now)
            seen.append(Sighting(name: name, time: time))
        }
        if let quorum, !isSatisfied(quorum, by: Set(seen.map(\.name))) {
            throw GloveboxError("log.quorum", "\(seen.count) known witnesses saw the checkpoint; the quorum is not met")
        }
        return (checkpoint, key, seen)
    }

    private func isSatisfied(_ name: String, by seen: Set<String>) -> Bool {
        guard let group = groups[name] else { return seen.contains(name) }
        // A group names only what stands before it, so this ends.
        return group.members.count { isSatisfied($0, by: seen) } >= group.threshold
    }
}
