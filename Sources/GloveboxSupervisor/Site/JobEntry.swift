internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxTransparency

/// A job with what belongs to it beside its life cycle.
struct JobEntry: Sendable {
    /// Its place in the order of submission, from 0.
    let number: UInt64
    /// The journal's events that tell its story, in order.
    var events: [UInt64] = []
    /// The life cycle.
    var job: Job
    /// The plan.
    let manifest: Manifest
    /// The plan's bytes, encoded once.
    let manifestBytes: [UInt8]
    /// SHA-256 of the plan's work, computed once.
    let coreDigest: Digest
    /// The policies that the plan names, and the documents they were merged from.
    let rules: PlanRules
    /// The researcher's envelope over the plan.
    let envelope: [UInt8]
    /// The researcher's in-toto link in its envelope; nil from a client that made none.
    let link: [UInt8]?
    /// Whether the report is wanted as CWT and JWT, too.
    let wantsTokens: Bool
    /// Whether people have to say yes first.
    let needsApproval: Bool
    /// What a client of the task API asked for; nil for a plan that its researcher signed.
    let task: TaskDocument?
    /// What the commands of a task did, in the blob store; nil before they ended.
    var taskLog: Digest?
    /// The caller's nonce; nil stands for the plan's digest.
    let nonce: [UInt8]?
    /// The key of the request that made it; nil without one.
    let idempotency: Idempotency?
    /// The votes.
    var tally: ApprovalTally
    /// The votes' envelopes with the role each was given in and the link that came with it, in order.
    var approvals: [(envelope: [UInt8], role: String, link: [UInt8]?)] = []
    /// What its run left and is to be decided on; nil before.
    var frozen: FrozenName?
    /// SHA-256 of what is kept of its programs' own words; nil when none came to its end.
    var text: Digest?
    /// What it paid for an answer; nil when it did not.
    var payment: Payment?
    /// The release that waits, or waited, for people; nil when none did.
    var sealed: SealedRelease?
    /// Why its table was refused when its nearness to earlier releases was all that was wrong; nil for every other end.
    var refusal: NearRefusal?
    /// The evidence directory in the blob store, without log proofs; nil until there is a report.
    var evidence: Digest?
    /// Log index of the event that let its output go; nil before.
    var outputApproval: UInt64?
    /// Log index of the report; the event that names it follows.
    var reportIndex: UInt64?
    /// Thousandths of a bit its release was charged with.
    var millibits: Int64 = 0
    /// Why it ended without a result, in words for its submitter.
    var explanation: String?
    /// What was refused to a job that could not carry data out by it.
    var denied: [String] = []

    /// When it was first meant to run; nil before.
    var firstStart: Instant?
    /// Bytes of private data's results that it was let go with.
    var releasedBytes: Int64 = 0
    /// Whether a run was paid for, and may have its data's key.
    var hasKey = false
    /// What a cluster's scheduler knows it by; nil before it was handed in, and once its worker has come.
    var cluster: ClusterHandle?
    /// Whether the log has an intent to run that it has not closed.
    var isRunOpen = false

    /// The votes on the plan that let the job run.
    ///
    /// One that came too late, or was taken back, is no ground for a run.
    var countedApprovals: [(envelope: Envelope, role: String, link: [UInt8]?)] {
        get throws(GloveboxError) {
            var counted: [(Envelope, String, [UInt8]?)] = []
            for approval in approvals {
                let envelope = try Envelope(parsing: approval.envelope)
                guard job.approvals.contains(envelope.payloadDigest) else { continue }
                counted.append((envelope, approval.role, approval.link))
            }
            return counted
        }
    }

    /// From when on everyone is shown how it stands.
    var revealed: Instant {
        let last = job.transitions.last?.at ?? job.created
        // Without data there is nothing that the moment could tell.
        guard !manifest.inputs.isEmpty, let started = job.lastRun?.started else { return last }
        return max(reveal(started), Job.roundUp(last, tick))
    }

    /// The first tick after the declared wall-clock limit of a run.
    func reveal(_ started: Instant) -> Instant {
        Job.roundUp(started.adding(seconds: Int64(clamping: manifest.core.limits.wallSeconds)), tick)
    }

    /// What it holds while it runs: the processors that its jail is bound to, and as much of the rest as its plan declares.
    var needs: Resources {
        let limits = manifest.core.limits
        return Resources(
            processors: Int(clamping: limits.processors),
            memory: limits.memoryBytes,
            disk: limits.diskBytes
        )
    }

    /// What it waits for in the queue.
    var claim: Scheduler.Claim {
        let queued = job.transitions.last { $0.phase == .queued }
        return Scheduler.Claim(job: job.id, since: queued?.at ?? job.created, needs: needs)
    }

    /// Seconds between the moments at which results may appear.
    var tick: Int64 { rules.output.channels.releaseTick }

    /// Milliseconds to which the leaf of an event that comes now rounds its time: how long a run on private data takes is a
    /// thing through which it could speak.
    ///
    /// The report's own event and its keys' are exact: a certificate of ten minutes is judged by them. They come when
    /// ``reportTime`` has.
    func timeStep(of kind: EventKind) -> Int64 {
        guard !manifest.inputs.isEmpty, job.lastRun != nil else { return 1 }
        switch (job.phase, kind) {
        case (_, .keyCreated), (_, .attestationIssued): return 1
        case (.running, _), (.checking, _), (_, .jobCleaned): return tick * 1000
        default: return 1
        }
    }

    /// What the report carries as its nonce.
    var reportNonce: [UInt8] { nonce ?? job.planDigest.bytes }
}
