/// Where a job stands.
///
/// Source: job-backend section 2.
package enum JobPhase: String, Sendable, Hashable, CaseIterable {
    /// Submitted; the start grace is running.
    case accepted
    /// Waits for reviewers and dataset owners.
    case awaitingApproval = "awaiting_approval"
    /// Approved; waits for a slot.
    case queued
    /// Code, data and jail are being put in place.
    case staging
    /// The job's code runs.
    case running
    /// Frozen outputs are being checked.
    case checking
    /// Waits for release reviewers.
    case awaitingReview = "awaiting_review"
    /// Sent back to the researcher.
    case returned
    /// Decided for release; the bundle is being made durable.
    case releasing
    /// Ended: results are out.
    case released
    /// Ended: people refused the plan.
    case denied
    /// Ended: outputs stay inside.
    case withheld
    /// Ended: the job's own code failed or was stopped by a limit or rule.
    case failed
    /// Ended: the site failed.
    case errored
    /// Ended: someone cancelled it.
    case cancelled
    /// Ended: a deadline passed.
    case expired

    /// Whether nothing can follow.
    package var isTerminal: Bool {
        switch self {
        case .released, .denied, .withheld, .failed, .errored, .cancelled, .expired: true
        case .accepted, .awaitingApproval, .queued, .staging, .running, .checking, .awaitingReview, .returned,
            .releasing:
            false
        }
    }

    /// The phases one event may lead to.
    ///
    /// Cancelling is legal until the intent to release is durable.
    package var successors: Set<JobPhase> {
        switch self {
        case .accepted: [.awaitingApproval, .queued, .cancelled]
        case .awaitingApproval: [.queued, .denied, .cancelled, .expired]
        case .queued: [.staging, .awaitingApproval, .cancelled, .expired]
        case .staging: [.running, .errored, .queued, .cancelled]
        case .running: [.checking, .failed, .errored, .queued, .cancelled]
        case .checking: [.awaitingReview, .releasing, .withheld, .errored, .queued, .cancelled]
        case .awaitingReview: [.releasing, .withheld, .returned, .expired, .cancelled]
        case .returned: [.awaitingReview, .cancelled, .expired]
        case .releasing: [.released, .withheld, .errored]
        case .released, .denied, .withheld, .failed, .errored, .cancelled, .expired: []
        }
    }

    /// Whether it is nobody's turn but the site's.
    package var isActive: Bool {
        switch self {
        case .staging, .running, .checking, .releasing: true
        default: false
        }
    }

    /// The state a GA4GH TES client sees.
    ///
    /// Source: job-backend sections 2 and 3.1.
    package var tesState: String {
        switch self {
        case .accepted, .awaitingApproval, .queued: "QUEUED"
        case .staging: "INITIALIZING"
        case .running, .checking, .awaitingReview, .returned, .releasing: "RUNNING"
        case .released: "COMPLETE"
        case .failed: "EXECUTOR_ERROR"
        case .denied, .withheld, .errored, .expired: "SYSTEM_ERROR"
        case .cancelled: "CANCELED"
        }
    }

    /// The words a person reads.
    package var words: String { String(rawValue.map { $0 == "_" ? " " : $0 }) }
}
