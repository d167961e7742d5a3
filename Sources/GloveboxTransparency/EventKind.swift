/// Every event the log knows, by the name that stands in `unmapped.glovebox.event`.
///
/// Source: transparency-log specification, section 8, with decisions 12. What OCSF calls each one stands in
/// ``EventKind/ocsf``.
package enum EventKind: String, Sendable, Hashable, CaseIterable {
    case authLogin = "auth.login"
    case authLogout = "auth.logout"
    case authFailed = "auth.failed"
    case authMfa = "auth.mfa"

    case sessionStart = "session.start"
    case sessionEnd = "session.end"

    case userCreated = "user.created"
    case userDisabled = "user.disabled"
    case keyEnrolled = "key.enrolled"
    case keyRevoked = "key.revoked"
    case trainingRecorded = "training.recorded"
    case trainingExpired = "training.expired"

    case webhookAdded = "webhook.added"
    case webhookRemoved = "webhook.removed"
    case webhookDisabled = "webhook.disabled"

    case nodeEnrolled = "node.enrolled"
    case nodeDrained = "node.drained"
    case nodeResumed = "node.resumed"
    case nodeRemoved = "node.removed"

    case userRoleChanged = "user.role_changed"
    case breakGlassUsed = "break_glass.used"

    case projectRegistered = "project.registered"
    case projectAmended = "project.amended"
    case projectApproved = "project.approved"
    case projectClosed = "project.closed"
    case agreementSigned = "agreement.signed"
    case approvalGiven = "approval.given"
    case approvalRefused = "approval.refused"
    case approvalWithdrawn = "approval.withdrawn"

    case projectPaused = "project.paused"
    case projectResumed = "project.resumed"
    case sitePaused = "site.paused"
    case siteResumed = "site.resumed"

    case datasetRegistered = "dataset.registered"
    case datasetVersionAdded = "dataset.version_added"
    case datasetRetired = "dataset.retired"
    case datasetDeleted = "dataset.deleted"
    case lineageSplit = "dataset.lineage_split"
    case mockDataPublished = "mock_data.published"

    case datasetAccessGranted = "dataset.access_granted"
    case datasetAccessRevoked = "dataset.access_revoked"

    case datasetMounted = "dataset.mounted"
    case datasetUnmounted = "dataset.unmounted"
    case keyReleased = "key.released"

    case policyPublished = "policy.published"
    case codeRegistered = "code.registered"
    case codeRemoved = "code.removed"
    case imageRegistered = "image.registered"
    case imageRemoved = "image.removed"

    case supervisorStart = "supervisor.start"
    case supervisorStop = "supervisor.stop"
    case supervisorUpgrade = "supervisor.upgrade"

    case configChanged = "config.changed"
    case sandboxProfile = "sandbox.profile"
    case clockStepped = "clock.stepped"
    case timeSync = "time.sync"

    case hostMeasured = "host.measured"

    case adminShell = "admin.shell"
    case backupMade = "backup.made"
    case backupRestored = "backup.restored"
    case logRead = "log.read"
    case budgetSpent = "budget.spent"
    case budgetReset = "budget.reset"

    case jobSubmitted = "job.submitted"
    case jobAccepted = "job.accepted"
    case jobReviewed = "job.reviewed"
    case jobApproved = "job.approved"
    case jobQueued = "job.queued"
    case jobDequeued = "job.dequeued"
    case jobCancelled = "job.cancelled"
    case jobDenied = "job.denied"
    case jobExpired = "job.expired"

    case jobStarting = "job.starting"
    case jobPhaseChanged = "job.phase_changed"
    case jobStaged = "job.staged"
    case jobCleaned = "job.cleaned"
    case jobFailed = "job.failed"
    case jobErrored = "job.errored"

    case jobStarted = "job.started"
    case jobEnded = "job.ended"
    case jobKilled = "job.killed"
    case jobInterrupted = "job.interrupted"
    case jobResourceLimit = "job.resource_limit"

    case jobDeniedSyscall = "job.denied_syscall"
    case jobNetAttempt = "job.net_attempt"

    case outputCollected = "output.collected"
    case outputChecked = "output.checked"
    case outputWithheld = "output.withheld"
    case outputReviewed = "output.reviewed"
    case outputTextRead = "output.text_read"
    case outputApproved = "output.approved"
    case outputRefused = "output.refused"
    case outputOverridden = "output.overridden"
    case outputRedacted = "output.redacted"

    case releaseIntent = "release.intent"
    case releaseReturned = "release.returned"
    case releaseResubmitted = "release.resubmitted"
    case reviewVoted = "review.voted"
    case reviewClosed = "review.closed"

    case outputReleased = "output.released"
    case outputDownloaded = "output.downloaded"
    case outputRecalled = "output.recalled"
    case outputDestroyed = "output.destroyed"

    case attestationRequested = "attestation.requested"
    case attestationIssued = "attestation.issued"
    case attestationVerifiedByClient = "attestation.verified_by_client"

    case keyCreated = "key.created"
    case keyRotated = "key.rotated"
    case keyCompromised = "key.compromised"
    case keyDestroyed = "key.destroyed"

    case logCreated = "log.created"
    case logStopped = "log.stopped"
    case logResumed = "log.resumed"
    case logKeyRotated = "log.key_rotated"
    case exportMade = "export.made"
    case checkpointPublished = "checkpoint.published"
    case redactionPerformed = "redaction.performed"

    case witnessAdded = "witness.added"
    case witnessRemoved = "witness.removed"
    case witnessUnreachable = "witness.unreachable"
    case witnessDisagreed = "witness.disagreed"

    case policyViolation = "policy.violation"

    case incidentOpened = "incident.opened"
    case incidentClosed = "incident.closed"
}
