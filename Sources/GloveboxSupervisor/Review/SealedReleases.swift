internal import GloveboxCore
internal import Synchronization

/// A release that is fixed to the byte and waits for people.
struct SealedRelease: Sendable {
    /// What was decided before them.
    let outcome: OutputDecision.Outcome
    /// The bundle that would leave.
    let bundle: [UInt8]
    /// The owner's copy of the disclosure record.
    let evidence: [UInt8]
    /// What the run left for its report.
    let facts: RunFacts
}

/// The sealed releases of a running supervisor.
///
/// They are in memory alone, as is all that a report is made of: after a restart a job that waited for reviewers is
/// withheld, and nothing of it was stored anywhere.
final class SealedReleases: Sendable {
    private let releases = Mutex<[String: SealedRelease]>([:])

    subscript(job: String) -> SealedRelease? {
        get { releases.withLock { $0[job] } }
        set { releases.withLock { $0[job] = newValue } }
    }
}
