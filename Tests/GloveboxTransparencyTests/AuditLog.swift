import GloveboxCore

@testable import GloveboxTransparency

/// Builds the leaves of a log that tells a story, one event after the other.
struct AuditLog {
    private var lastOfJob: [String: UInt64] = [:]
    private var random = SystemRandomNumberGenerator()
    /// The events so far, as their leaves tell them.
    private(set) var events: [PublicEvent] = []
    /// Their private bodies.
    private(set) var bodies: [EventBody] = []
    /// Whether the checker sees private bodies.
    var showsBodies = true
    /// Whether the reader's own policy has a quorum.
    var demandsQuorum = false
    /// Seconds since the machine started.
    var seconds: UInt64 = 1

    private static let context = EventContext(
        origin: "log.t.example",
        datasite: "t",
        version: "0.1.0",
        bootID: "00000000-0000-0000-0000-000000000001",
        supervisor: .zero,
        config: .zero,
        pseudonymKey: Array(repeating: 7, count: 32)
    )

    /// Adds an event a second later; `previous` overrides what the writer would put there.
    mutating func add(_ event: Event, previous: UInt64?? = nil) throws {
        seconds += 1
        let index = UInt64(events.count)
        let place = EventPlace(
            index: index,
            previousOfJob: previous ?? event.job.flatMap { lastOfJob[$0] },
            time: Instant(seconds: 1_750_000_000 + Int64(seconds)),
            monotonic: seconds * 1_000_000_000
        )
        let (leaf, body) = try event.leaf(at: place, context: Self.context, using: &random)
        guard case .event(let value) = try LeafKind(leaf) else { return }
        events.append(try PublicEvent(value, at: index))
        bodies.append(try EventBody(parsing: body))
        if let job = event.job { lastOfJob[job] = index }
    }

    /// What the checker says, gaps and open ends.
    var findings: [AuditFinding] {
        var checker = Completeness(demandsQuorum: demandsQuorum)
        var found: [AuditFinding] = []
        for (event, body) in zip(events, bodies) {
            found += checker.add(event, showsBodies ? BodyDisclosure(body, of: event.index) : nil)
        }
        return found + checker.finish()
    }

    /// The events of a job that was approved, ran and released a table, in order and by name.
    static func story(_ job: String = "job_1") -> [(name: String, event: Event)] {
        let plan = ("plan", JSONValue.string(Digest.zero.hex))
        func event(_ kind: EventKind, actor: String? = nil, output: Bool = false, _ fields: [(String, JSONValue)] = [])
            -> Event
        {
            Event(kind: kind, job: job, output: output ? "out_1" : nil, actor: actor, fields: fields)
        }
        return [
            ("submitted", event(.jobSubmitted, actor: "alice", [plan, ("quorum", "1")])),
            ("approval", event(.approvalGiven, actor: "rita", [plan, ("notAfter", "2027-01-01T00:00:00Z")])),
            ("approved", event(.jobApproved)),
            ("starting", event(.jobStarting, [plan, ("run", "1")])),
            ("paid", event(.budgetSpent, [("budget", "runs"), ("amount", "1")])),
            ("key", event(.keyReleased, [plan])),
            ("started", event(.jobStarted)),
            ("ended", event(.jobEnded)),
            ("checked", event(.outputChecked, output: true, [("verdict", "release")])),
            ("output approved", event(.outputApproved, actor: Digest.zero.named, output: true)),
            ("report", event(.attestationIssued, [("reportId", "r")])),
            ("released", event(.outputReleased, output: true, [("logQuorum", "none")])),
            ("cleaned", event(.jobCleaned)),
        ]
    }
}
