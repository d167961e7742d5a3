/// Finds what is missing from a log: intents without an end, releases without approval, broken chains, silence.
///
/// A tree proves that nothing was changed; this says whether what should be there is there. Events go in in the order
/// of the tree; memory grows with the number of jobs, not of events.
///
/// Source: transparency-log specification, section 8.
package struct Completeness: Sendable {
    private var jobs: [String: JobTrail] = [:]
    private var heartbeat = HeartbeatTrail()

    private let demandsQuorum: Bool

    /// Nothing read yet.
    ///
    /// - Parameter demandsQuorum: whether the reader's own policy has a release wait for a quorum of witnesses; otherwise
    ///   the log's word decides which ones should have waited.
    package init(demandsQuorum: Bool = false) { self.demandsQuorum = demandsQuorum }

    /// Reads the next event, with its private body where that is shown; what it shows to be wrong.
    package mutating func add(_ event: PublicEvent, _ body: BodyDisclosure? = nil) -> [AuditFinding] {
        var found = heartbeat.add(event)
        if event.kind == .supervisorStart { found += closeLostRuns(at: event.index) }
        guard let job = event.job else { return found }
        found += jobs[job, default: JobTrail(job: job, demandsQuorum: demandsQuorum)].add(event, body)
        return found
    }

    /// What is open at the end of the log, by the place where it began.
    package func finish() -> [AuditFinding] {
        (heartbeat.finish() + jobs.values.flatMap { $0.finish() }).sorted { $0.index < $1.index }
    }

    /// A supervisor that starts closes every run its predecessor left open, so what is open at its second start was
    /// forgotten.
    private mutating func closeLostRuns(at index: UInt64) -> [AuditFinding] {
        var found: [AuditFinding] = []
        for job in jobs.keys { found += jobs[job]?.restart(at: index) ?? [] }
        return found.sorted { $0.index < $1.index }
    }
}
