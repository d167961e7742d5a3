internal import GloveboxCore

/// What the log has said about one job so far.
struct JobTrail: Sendable {
    let job: String
    private var last: UInt64?
    private var plan: String?
    private var submitter: String?
    private var quorum: UInt64?
    private var votes: [String: Instant] = [:]
    private var approved: UInt64?
    private var running: UInt64?
    private var restarts = 0
    private var runs: UInt64 = 0
    /// Whether the job was given a place to run that it has not started in.
    private var hasPlace = false
    private var hasEnded = false
    private var paidRuns = 0
    private var keys: [String: Set<String>] = [:]
    private var checkedOutputs: Set<String> = []
    private var approvedOutputs: Set<String> = []
    private var report: UInt64?
    private var refused = RefusalCount()

    /// Whether a release needs a quorum whatever the log says of itself.
    private let demandsQuorum: Bool

    init(job: String, demandsQuorum: Bool = false) { (self.job, self.demandsQuorum) = (job, demandsQuorum) }

    mutating func add(_ event: PublicEvent, _ body: BodyDisclosure?) -> [AuditFinding] {
        var found: [AuditFinding] = []
        if event.previousOfJob != last {
            func name(_ place: UInt64?) -> String { place.map { "entry \($0)" } ?? "none" }
            let message = "names \(name(event.previousOfJob)) as the job's event before it; that is \(name(last))"
            found.append(finding("audit.chain", event, "\(event.kind.rawValue) \(message)"))
        }
        last = event.index
        found += begin(event) + run(event) + refused.add(event, body) + release(event)
        return found
    }

    /// Submission and votes.
    private mutating func begin(_ event: PublicEvent) -> [AuditFinding] {
        switch event.kind {
        case .jobSubmitted:
            plan = event["plan"]
            submitter = event.actor
            quorum = event.number("quorum")
        case .approvalGiven:
            guard isOfPlan(event) else {
                return [finding("audit.plan", event, "an approval is for another plan than the job's")]
            }
            // Who wrote a plan has no vote on it; one account counts once.
            if event.actor != submitter { votes[event.actor] = event["notAfter"].flatMap { Instant($0) } ?? .endless }
        case .approvalRefused, .approvalWithdrawn: votes[event.actor] = nil
        case .jobApproved: approved = event.index
        case .jobCancelled, .jobDenied, .jobExpired, .jobErrored, .jobFailed: hasEnded = true
        default: break
        }
        return []
    }

    /// A run, from intent to end.
    private mutating func run(_ event: PublicEvent) -> [AuditFinding] {
        switch event.kind {
        case .jobDequeued:
            runs += 1
            hasPlace = true
        case .jobStarting: return start(event)
        case .jobEnded, .jobKilled, .jobInterrupted:
            defer { running = nil }
            // A run may be interrupted between its place and its start, and while its outputs are checked.
            let isTold = event.kind == .jobInterrupted && runs > 0 && !hasEnded
            if running == nil, !isTold {
                return [finding("audit.end-without-start", event, "\(event.kind.rawValue), but no run was open")]
            }
        case .jobCleaned:
            if let running {
                self.running = nil
                return [lost(running, "was cleaned up")]
            }
        case .budgetSpent: if event["budget"] == "runs" { paidRuns += 1 }
        case .keyReleased:
            if quorum == 0 {
                return [finding("audit.quorum", event, "a dataset's key was released for a plan that nobody approved")]
            }
            guard running != nil else {
                return [finding("audit.key-outside-run", event, "a dataset's key was released while no run was open")]
            }
            // Keys of datasets that are joined go out under one request, each once.
            if let request = event["request"], let dataset = event.dataset {
                let isFirst = keys[request] == nil
                let isNew = keys[request, default: []].insert(dataset).inserted
                if !isFirst, isNew { return [] }
            }
            paidRuns -= 1
            if paidRuns < 0 {
                paidRuns = 0
                return [finding("audit.key-without-budget", event, "a dataset's key was released and no budget spent")]
            }
        default: break
        }
        return []
    }

    private mutating func start(_ event: PublicEvent) -> [AuditFinding] {
        var found: [AuditFinding] = []
        if let running { found.append(lost(running, "was started again at entry \(event.index)")) }
        running = event.index
        restarts = 0
        if !hasPlace { runs += 1 }
        hasPlace = false
        if let number = event.number("run"), number != runs {
            found.append(finding("audit.counter", event, "is called run \(number); the log counts \(runs)"))
        }
        if !isOfPlan(event) {
            found.append(finding("audit.plan", event, "what started is another plan than the job's"))
        }
        let valid = votes.values.count { $0 >= event.time }
        // A plan that needs nobody reads no private data; that its key is released all the same is told below.
        if quorum != 0, approved == nil || quorum.map({ UInt64(valid) < $0 }) ?? true {
            let need = quorum.map { "\($0)" } ?? "an unknown number"
            found.append(
                finding("audit.quorum", event, "started with \(valid) valid approvals, where \(need) are needed")
            )
        }
        return found
    }

    /// Outputs, from check to release.
    private mutating func release(_ event: PublicEvent) -> [AuditFinding] {
        let output = event.output ?? ""
        switch event.kind {
        case .outputChecked: if !event.failed, event["verdict"] != "withhold" { checkedOutputs.insert(output) }
        case .outputApproved: approvedOutputs.insert(output)
        case .outputRefused:
            approvedOutputs.remove(output)
            hasEnded = true
        case .outputWithheld: hasEnded = true
        case .attestationIssued: report = event.index
        case .outputReleased:
            hasEnded = true
            var found: [AuditFinding] = []
            if !checkedOutputs.contains(output) {
                found.append(finding("audit.release-without-check", event, "left without a passed check"))
            }
            if !approvedOutputs.contains(output) {
                found.append(finding("audit.release-without-approval", event, "left without an approval"))
            }
            guard let report else {
                return found + [finding("audit.release-without-report", event, "left without a report")]
            }
            // What a policy of the reader's own demands, the log cannot waive.
            let needsQuorum = demandsQuorum || event["logQuorum"] == "required"
            if needsQuorum, !(report + 1...event.index ~= event.number("witnessed") ?? 0) {
                let message = "left before the quorum of witnesses had seen the report at entry \(report)"
                found.append(finding("audit.release-without-quorum", event, message))
            }
            return found
        default: break
        }
        return []
    }

    /// Another start of the supervisor.
    mutating func restart(at index: UInt64) -> [AuditFinding] {
        guard let running else { return [] }
        restarts += 1
        guard restarts > 1 else { return [] }
        self.running = nil
        return [lost(running, "was still open when the supervisor had started twice, at entry \(index)")]
    }

    /// What is open at the end of the log.
    func finish() -> [AuditFinding] {
        var found: [AuditFinding] = []
        if let running {
            found.append(
                AuditFinding(
                    "audit.open-intent",
                    .open,
                    at: running,
                    job: job,
                    "a run began, and the log ends before it"
                )
            )
        } else if let approved, runs == 0 {
            let message = hasEnded ? "was approved, never run, and has ended" : "was approved and has not run yet"
            found.append(AuditFinding("audit.approved-never-run", .open, at: approved, job: job, message))
        }
        return found
    }

    private func isOfPlan(_ event: PublicEvent) -> Bool {
        guard let plan, let named = event["plan"] else { return false }
        return plan.utf8.elementsEqual(named.utf8)
    }

    private func lost(_ index: UInt64, _ how: String) -> AuditFinding {
        AuditFinding("audit.open-intent", at: index, job: job, "a run that began here has no end, and its job \(how)")
    }

    private func finding(_ code: String, _ event: PublicEvent, _ message: String) -> AuditFinding {
        AuditFinding(code, at: event.index, job: job, message)
    }
}

extension Instant {
    /// Later than any other.
    fileprivate static let endless = Instant(milliseconds: .max)
}
