package import GloveboxCore

/// What the supervisor has to do after a change.
///
/// Each may be repeated; the end state is the same.
package enum JobAction: Sendable, Hashable {
    /// Tell those who must approve.
    case askForApproval
    /// Offer the job to the scheduler.
    case enqueue
    /// Write the intent to run, then put code, data and jail in place.
    case stage(run: Int)
    /// Write `job.started`, then let the jail go.
    case launch(run: Int)
    /// Freeze the outputs and commit to them.
    case collect(run: Int)
    /// Write `job.failed`.
    case fail(ExitClass)
    /// Check the frozen outputs.
    case check
    /// Ask the release reviewers.
    case askForReview
    /// Write the intent to release, then the release.
    case release
    /// Write `output.withheld`.
    case withhold
    /// Make the bundle and the report durable and hand them out.
    case publish(bundle: Digest)
    /// Kill whatever still runs for this job.
    case terminate
    /// Remove scratch, mounts, keys and cgroups, then write `job.cleaned`.
    case cleanUp
    /// Sign the report of a run.
    case report(ReportOutcome)
}
