internal import Foundation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxStore
internal import Synchronization

/// The release gate's view of the log's witnesses.
///
/// Source: transparency-log specification, section 10.1.
extension Site {
    /// Seconds that a receipt waits for the witnesses before its reader is told for whom.
    private static let patience: TimeInterval = 5

    /// Whether nothing leaves before the log policy's quorum has seen it in the log.
    var needsQuorum: Bool { board.withLock { $0.isRequired } }

    /// Whether the quorum has seen a job's report, or need not.
    func isWitnessed(_ entry: JobEntry) -> Bool {
        guard let report = entry.reportIndex else { return true }
        return board.withLock { !$0.isRequired || $0.note(covering: report + 1) != nil }
    }

    /// What a release says of the witnesses: whether a quorum was demanded, and the size it had cosigned.
    func witnessing() -> [(String, JSONValue)] {
        board.withLock { board in
            guard board.isRequired else { return [("logQuorum", "none")] }
            return [("logQuorum", "required"), ("witnessed", .string(String(board.cosigned?.size ?? 0)))]
        }
    }

    /// For whom a decided release waits since its time came; nil when it waits for something else.
    func quorumWait(for entry: JobEntry, at now: Instant) -> Waiting? {
        guard entry.job.phase == .releasing, let report = entry.reportIndex, !isWitnessed(entry) else { return nil }
        let due = entry.reportTime
        guard due <= now else { return nil }
        let missing = board.withLock { $0.missing(report + 1) }
        return Waiting(.logQuorum, since: due, on: missing.map { .witness($0) })
    }

    /// The signed checkpoint under which an entry may be shown outside: with the quorum's lines where one is demanded.
    ///
    /// - Throws: `log.quorum` when the witnesses have not seen the entry after some seconds.
    func witnessedNote(covering index: UInt64) throws(GloveboxError) -> [UInt8] {
        guard needsQuorum else { return log.checkpoint }
        let since = Machine.now()
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        while true {
            let rings = bell.rings
            if let note = board.withLock({ $0.note(covering: index) }) { return note }
            guard Date() < deadline else { break }
            _ = bell.wait(after: rings, until: deadline)
        }
        let missing = board.withLock { $0.missing(index) }.map { Waiting.Party.witness($0) }
        throw GloveboxError(
            "log.quorum",
            Waiting(.logQuorum, since: since, on: missing).message(at: Machine.now()),
            hint: "Nothing leaves before the witnesses have seen it in the log; try again."
        )
    }
}
