import GloveboxCore
import GloveboxJobs

/// A digest of one repeated byte.
func digest(_ byte: UInt8) -> Digest { Digest(bytes: [UInt8](repeating: byte, count: 32)) ?? .zero }

let start = Instant(seconds: 1_795_536_600)

func newJob(mode: Job.Mode = .real) -> Job {
    Job(id: "job_x", planDigest: digest(1), submitter: "acc_r", mode: mode, created: start, eventIndex: 1)
}

/// Applies changes one after the other, one second apart, and gives the last actions.
@discardableResult
func play(_ job: inout Job, _ changes: [JobChange]) throws -> [JobAction] {
    var actions: [JobAction] = []
    for change in changes {
        let at = (job.transitions.last?.at ?? start).adding(seconds: 1)
        actions = try job.apply(JobEvent(index: job.eventIndex + 1, after: job.eventIndex, at: at, change))
    }
    return actions
}

/// One change of every kind and of every kind of content that the rules look at.
let everyChange: [JobChange] =
    [
        .accepted(needsApproval: true), .accepted(needsApproval: false), .approved(approvals: [digest(2)]),
        .approvalLost(.approvalExpired), .approvalLost(.approvalRevoked), .approvalLost(.sitePaused),
        .denied(reasons: ["r"]), .dequeued(executor: "local", node: "n"), .staged(measured: digest(4)), .started,
        .interrupted(rerun: true), .interrupted(rerun: false), .collected(commitment: digest(5)), .checkResumed,
        .returned,
        .resubmitted(by: "acc_r"),
        .reviewClosed(release: true), .reviewClosed(release: false), .releaseIntent(bundle: digest(6)),
        .released(report: digest(7)), .withheld(reasons: ["r"]), .failed, .errored(component: "jail", code: "jail.x"),
        .cancelled(by: "acc_r"), .cleaned, .expired(), .expired(reasons: ["r"]),
        .waiting(Waiting(.sitePaused, since: start)),
    ] + (1...3).map { .starting(run: $0, nonce: digest(3)) } + CheckVerdict.allCases.map { .checked($0) }
    + [ExitClass.exit(0), .exit(3), .signal(9), .limit(.wall), .policy, .cancelled, .interrupted].map { .ended($0) }

/// The changes that lead an approved job to the end of a good run.
let goodRun: [JobChange] = [
    .accepted(needsApproval: true), .approved(approvals: [digest(2)]), .dequeued(executor: "local", node: "n"),
    .starting(run: 1, nonce: digest(3)), .staged(measured: digest(4)), .started, .ended(.exit(0)),
    .collected(commitment: digest(5)),
]
