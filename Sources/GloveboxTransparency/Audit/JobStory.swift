package import GloveboxCore

/// What a log says about one job: who approved what, what ran, what was refused, what left, and what it cost.
///
/// Private fields come in where the reader has bodies; what is not shown says so.
package struct JobStory: Sendable {
    private struct Vote {
        let actor: String
        let approval: String
        let time: Instant
        let word: String
    }

    private struct Step {
        let event: PublicEvent
        let words: String
    }

    private let job: String
    private var submitted: PublicEvent?
    private var starting: PublicEvent?
    private var votes: [Vote] = []
    private var steps: [Step] = []
    private var hasRefused = false
    private var hidesRefused = false
    private var refused: [String]?
    private var runsPaid = 0
    private var privacyPaid: [String] = []
    private var millibits: Int64?
    private var spendsCapacity = false
    private var bundle: String?
    private var bytes: Int64?
    private var left: PublicEvent?
    private var report: String?
    private var findings: [AuditFinding] = []

    /// A job of which nothing is known yet.
    package init(of job: String) { self.job = job }

    /// Whether the log has the job at all.
    package var isKnown: Bool { submitted != nil }

    /// Reads an event; those of other jobs are passed over.
    ///
    /// The body is one that was checked against the leaf.
    package mutating func add(_ event: PublicEvent, _ body: BodyDisclosure?) {
        guard event.job?.utf8.elementsEqual(job.utf8) == true else { return }
        switch event.kind {
        case .jobSubmitted: submitted = event
        case .approvalGiven, .approvalRefused, .approvalWithdrawn:
            votes.append(
                Vote(actor: event.actor, approval: event["approval"] ?? "", time: event.time, word: event.kind.words)
            )
        case .jobStarting: starting = event
        case .jobDeniedSyscall:
            hasRefused = true
            if let list = body?["denied"]?.array { refused = (refused ?? []) + list.compactMap(\.string) }
        case .jobEnded, .jobKilled:
            // Of a run on private data no leaf says whether anything was refused.
            guard let list = body?["denied"]?.array?.compactMap(\.string) else {
                hidesRefused = event.kind == .jobEnded && event["exit"] == nil && body == nil
                break
            }
            hasRefused = hasRefused || !list.isEmpty
            if !list.isEmpty { refused = (refused ?? []) + list }
        case .budgetSpent:
            if event["budget"] == "runs" {
                runsPaid += 1
            } else if event["budget"] == "privacy" {
                privacyPaid.append(event["amount"] ?? "?")
            } else {
                spendsCapacity = true
                if let more = body?["millibits"]?.integer { millibits = (millibits ?? 0) + more }
            }
        case .releaseIntent:
            bundle = body?["members"]?["bundle"]?.string
            bytes = body?["bytes"]?.integer
        case .outputReleased: left = event
        case .attestationIssued: report = event["reportLeaf"]
        default: break
        }
        if Self.milestones.contains(event.kind) { steps.append(Step(event: event, words: event.kind.words)) }
    }

    /// Reads what is wrong with the job.
    package mutating func add(_ finding: AuditFinding) {
        if finding.job?.utf8.elementsEqual(job.utf8) == true { findings.append(finding) }
    }

    private static let milestones: Set<EventKind> = [
        .jobApproved, .jobStarting, .jobStarted, .jobEnded, .jobKilled, .jobInterrupted, .jobFailed, .jobErrored,
        .jobCancelled, .jobDenied, .jobExpired, .outputChecked, .outputApproved, .outputRefused, .outputWithheld,
        .outputReleased,
    ]
    private static let hidden = "not shown: it stands in a private body"

    /// The story for people.
    package func lines(_ names: AuditNames) -> [String] {
        func row(_ name: String, _ text: String) -> String {
            name + String(repeating: " ", count: max(1, 11 - name.utf8.count)) + text
        }
        var out = [row("job", Display.escape(job))]
        if let submitted {
            out.append(row("submitted", "\(submitted.time.text) by \(names[submitted.actor])"))
            out.append(row("plan", Display.escape(submitted["plan"] ?? "?")))
            out.append(row("quorum", Display.escape(submitted["quorum"] ?? "not logged")))
        }
        for vote in votes {
            let text = "\(vote.time.text) \(names[vote.actor]) \(vote.word), vote \(Display.escape(vote.approval))"
            out.append(row("vote", text))
        }
        for name in ["code", "rootfs", "jail"] {
            if let digest = starting?[name] { out.append(row(name, Display.escape(digest))) }
        }
        for step in steps {
            let status = step.event.failed ? " [\(Display.escape(step.event.statusCode))]" : ""
            let verdict = step.event["verdict"].map { ": \(Display.escape($0))" } ?? ""
            out.append(
                row("", "\(step.event.time.text) \(names[step.event.actor]) \(step.words)\(verdict)\(status)")
            )
        }
        out.append(row("refused", hasRefused ? "system calls" : hidesRefused ? Self.hidden : "nothing"))
        if hasRefused { out += (refused ?? [Self.hidden]).map { row("", Display.escape($0)) } }
        out.append(row("left", leftText))
        out.append(row("budget", budgetText))
        out.append(row("report", report.map { "leaf \(Display.escape($0))" } ?? "none"))
        out += findings.map { row("gap", "\($0.message) [\($0.code)]") }
        return out
    }

    private var leftText: String {
        guard let left else { return "nothing" }
        let size = bytes.map { "\($0) bytes" } ?? "size \(Self.hidden)"
        let digest = bundle.map { ", \(Display.escape($0))" } ?? ""
        return "\(Display.escape(left.output ?? "?")) at \(left.time.text): \(size)\(digest)"
    }

    private var budgetText: String {
        var text = runsPaid == 1 ? "1 run" : "\(runsPaid) runs"
        if spendsCapacity { text += "; capacity " + (millibits.map { "\($0) thousandths of a bit" } ?? Self.hidden) }
        if !privacyPaid.isEmpty { text += "; privacy rho " + privacyPaid.map(Display.escape).joined(separator: " + ") }
        return text
    }

    /// The story for programs; null for what is not shown.
    package var json: JSONValue {
        func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
        func number(_ value: Int64?) -> JSONValue { value.map(JSONValue.integer) ?? .null }
        return [
            "budget": ["millibits": number(millibits), "runs": .integer(Int64(runsPaid))],
            "code": text(starting?["code"]),
            "findings": .array(findings.map(\.json)),
            "jail": text(starting?["jail"]),
            "job": .string(job),
            "left": left.map {
                [
                    "bundle": text(bundle), "bytes": number(bytes), "index": .string(String($0.index)),
                    "output": text($0.output), "time": .string($0.time.description),
                ]
            } ?? .null,
            "plan": text(submitted?["plan"]),
            "quorum": text(submitted?["quorum"]),
            "refused": [
                "calls": refused.map { .array($0.map(JSONValue.string)) } ?? .null,
                "any": hidesRefused && !hasRefused ? .null : .bool(hasRefused),
            ],
            "reportLeaf": text(report),
            "rootfs": text(starting?["rootfs"]),
            "steps": .array(
                steps.map {
                    [
                        "event": .string($0.event.kind.rawValue), "index": .string(String($0.event.index)),
                        "status": .string($0.event.statusCode), "time": .string($0.event.time.description),
                        "verdict": text($0.event["verdict"]),
                    ]
                }
            ),
            "submitter": text(submitted?.actor),
            "votes": .array(
                votes.map {
                    [
                        "actor": .string($0.actor), "approval": .string($0.approval),
                        "time": .string($0.time.description), "vote": .string($0.word),
                    ]
                }
            ),
        ]
    }
}
