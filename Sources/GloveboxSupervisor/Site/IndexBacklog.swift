internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxIndex
internal import GloveboxJobs
internal import GloveboxTransparency

/// What the journal has and the index does not.
struct IndexBacklog: Sendable {
    /// After so many additions the index is written.
    private static let most = 1024
    /// The beginning of what the index calls a party's last turn to run.
    static let turn = "turn "

    var batch = IndexBatch()
    /// Jobs that ended.
    var ended: [String] = []
    /// How many entries of the log were told.
    var size: UInt64 = 0

    /// How much there is to write.
    var count: Int { batch.count + ended.count }

    /// Whether it is time to write it.
    var isDue: Bool { count >= Self.most }

    init(size: UInt64 = 0) { self.size = size }
}

extension SiteState {
    /// Notes where an event stands, after it was applied.
    mutating func note(_ record: SiteRecord) {
        backlog.size = record.index + 1
        if record.kind == .codeRegistered {
            if let digest = record.json["digest"]?["narSha256"]?.string.flatMap(Digest.init(hex:)) {
                backlog.batch.codes.append((digest, record.index))
            }
            return
        }
        if let about = Self.subject(of: record) { backlog.batch.latest[about] = record.index }
        // Of two that were written side by side the longer counts.
        if let ledger = record.json["brokerLedger"], ledger == brokerLedger?.json {
            backlog.batch.latest["broker"] = record.index
        }
        if Self.lasts(record) { backlog.batch.lasting.append(record.index) }
        guard let id = record.job, Self.isOfStory(record), let entry = jobs[id] else { return }
        if record.kind == .jobSubmitted {
            backlog.batch.begun.append((entry.number, id))
            if let key = entry.idempotency {
                backlog.batch.requests.append(IndexBatch.Request(name: key.name, body: key.body, job: id))
            }
        }
        backlog.batch.events.append(IndexBatch.JobEvent(index: record.index, job: entry.number))
        switch record.json["change"]?.string {
        case "job.dequeued": backlog.batch.latest[IndexBacklog.turn + RunQueue.party(entry.job)] = record.index
        case "job.cleaned": backlog.ended.append(id)
        default: break
        }
    }

    /// What is to be written, and how far the index is then; nothing of it is forgotten yet.
    mutating func takeBacklog() -> (batch: IndexBatch, size: UInt64) {
        var batch = backlog.batch
        batch.ended += backlog.ended.compactMap { jobs[$0] }.map(EndedJob.init)
        backlog = IndexBacklog(size: backlog.size)
        return (batch, backlog.size)
    }

    /// Takes back what could not be written.
    mutating func putBack(_ batch: IndexBatch) { backlog.batch = batch.followed(by: backlog.batch) }

    /// Forgets what the index knows now.
    mutating func forget(_ batch: IndexBatch) {
        for job in batch.ended {
            jobs[job.id] = nil
            ended[job.phase, default: 0] += 1
            charged[job.project, default: 0] += job.millibits
        }
        for code in batch.codes { codes[code.nar] = nil }
        for request in batch.requests { idempotent[request.name] = nil }
    }

    /// Of which events only the last counts.
    private static func subject(of record: SiteRecord) -> String? {
        switch record.kind {
        case .supervisorStart: "start"
        case .sitePaused, .siteResumed: "pause"
        case .agreementSigned: "workflow"
        case .attestationIssued: "report"
        case .projectRegistered, .projectAmended, .projectPaused, .projectResumed, .projectClosed:
            record.json["project"]?["name"]?.string.map { "project " + $0 }
        default: nil
        }
    }

    /// Whether each start reads the event.
    private static func lasts(_ record: SiteRecord) -> Bool {
        switch record.kind {
        case .userCreated, .keyEnrolled, .keyRevoked, .sessionStart, .sessionEnd, .datasetRegistered, .policyPublished,
            .imageRegistered, .redactionPerformed, .keyDestroyed, .lineageSplit,
            .outputOverridden, .webhookAdded, .webhookRemoved, .webhookDisabled, .nodeEnrolled, .nodeDrained,
            .nodeResumed, .nodeRemoved:
            true
        case let kind where LogAlert.kinds.contains(kind): true
        case .approvalGiven: record.job == nil
        case .budgetSpent, .outputApproved: record.json["charge"] != nil || record.json["answer"] != nil
        default: false
        }
    }

    /// Whether an event of a job is needed to tell its story again.
    static func isOfStory(_ record: SiteRecord) -> Bool {
        switch record.kind {
        case .jobSubmitted, .approvalGiven, .approvalRefused, .approvalWithdrawn, .attestationIssued, .reviewVoted,
            .jobDeniedSyscall, .outputApproved:
            true
        default: isRunOpen(after: record.kind) != nil || isPayment(record) || record.json["change"] != nil
        }
    }

    /// Whether an event says that a run was paid for; charges for noise are told by the ledger.
    static func isPayment(_ record: SiteRecord) -> Bool {
        record.kind == .budgetSpent && record.json["brokerLedger"] != nil && record.json["charge"] == nil
    }
}

extension EndedJob {
    /// What is kept at hand of a job that has ended.
    init(_ entry: JobEntry) {
        self.init(
            number: entry.number,
            id: entry.job.id,
            plan: entry.job.planDigest,
            submitter: entry.job.submitter,
            project: entry.manifest.project,
            policy: entry.rules.base,
            name: entry.task?.name,
            tags: Set((entry.task?.tags ?? []).map { Tag(key: $0.name, value: $0.value) }),
            created: entry.job.created,
            phase: entry.job.phase,
            revealed: entry.revealed,
            millibits: entry.millibits,
            code: entry.manifest.core.code.nar,
            image: entry.manifest.core.image.digest,
            started: entry.firstStart,
            cpuSeconds: entry.cpuSeconds,
            releasedBytes: entry.releasedBytes,
            events: entry.events,
            card: JobCard(entry).bytes
        )
    }
}
