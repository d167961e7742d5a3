package import GloveboxCore

/// What happened to a job: one journal event each.
///
/// Source: job-backend section 2, decision 12.
package enum JobChange: Sendable, Hashable {
    /// The start grace has passed.
    ///
    /// Without private data no approval may be needed.
    case accepted(needsApproval: Bool)
    /// The quorum holds; the digests name the approvals that count.
    case approved(approvals: [Digest])
    /// The approvals no longer hold (`approval.expired` or `approval.revoked`) and the run has not begun.
    case approvalLost(Waiting.Code)
    /// A refusal closed the plan.
    case denied(reasons: [String])
    /// The scheduler gave the job a place.
    case dequeued(executor: String, node: String)
    /// The intent to run is durable, with the nonce of the run (32 bytes).
    case starting(run: Int, nonce: Digest)
    /// Everything is in place and measured; the digest covers the measurements.
    case staged(measured: Digest)
    /// The first instruction of the job's code may follow.
    case started
    /// The last process of the jail is dead.
    case ended(ExitClass)
    /// The supervisor or host stopped in the middle.
    ///
    /// A run that had read data starts again only where allowed.
    case interrupted(rerun: Bool)
    /// The outputs are frozen; the digest commits to them.
    case collected(commitment: Digest)
    /// A supervisor checks the frozen outputs that an earlier one died over.
    case checkResumed
    /// Every file has a verdict.
    case checked(CheckVerdict)
    /// The release reviewers have decided.
    case reviewClosed(release: Bool)
    /// Sent back to the researcher.
    case returned
    /// The researcher answered, and may have left files out.
    case resubmitted(by: String)
    /// The bundle is fixed and charged; from here no cancel.
    case releaseIntent(bundle: Digest)
    /// The bundle is out.
    case released(report: Digest)
    /// Nothing comes out.
    case withheld(reasons: [String])
    /// The job's code failed, as the last run says.
    case failed
    /// The site failed.
    case errored(component: String, code: String)
    /// Someone cancelled.
    case cancelled(by: String)
    /// Nothing of a finished job is left in the jail, mounts, cgroups or scratch.
    case cleaned
    /// A deadline passed, or what the job waited for can no longer come; the reasons are empty for the job's own deadline.
    case expired(reasons: [String] = [])
    /// The reason for waiting changed; the phase did not.
    case waiting(Waiting)

    /// The stable name in the journal.
    package var name: String {
        switch self {
        case .accepted: "job.accepted"
        case .approved: "job.approved"
        case .approvalLost: "job.approval_lost"
        case .denied: "job.denied"
        case .dequeued: "job.dequeued"
        case .starting: "job.starting"
        case .staged: "job.staged"
        case .started: "job.started"
        case .ended: "job.ended"
        case .interrupted: "job.interrupted"
        case .collected: "output.collected"
        case .checkResumed: "check.resumed"
        case .checked: "output.checked"
        case .reviewClosed: "review.closed"
        case .returned: "release.returned"
        case .resubmitted: "release.resubmitted"
        case .releaseIntent: "release.intent"
        case .released: "output.released"
        case .withheld: "output.withheld"
        case .failed: "job.failed"
        case .errored: "job.errored"
        case .cancelled: "job.cancelled"
        case .cleaned: "job.cleaned"
        case .expired: "job.expired"
        case .waiting: "job.waiting"
        }
    }
}

/// What the checks of all output files say together.
package enum CheckVerdict: String, Sendable, Hashable, CaseIterable {
    /// Everything passed and the policy lets it out without people.
    case release
    /// People decide.
    case review
    /// At least one rule refuses.
    case withhold
}
