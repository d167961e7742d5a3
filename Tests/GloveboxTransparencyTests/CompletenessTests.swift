import GloveboxCore
import Testing

@testable import GloveboxTransparency

@Suite struct CompletenessTests {
    @Test func `finds nothing in the log of a job that went as it should`() throws {
        var log = AuditLog()
        for (_, event) in AuditLog.story() { try log.add(event) }
        #expect(log.findings.isEmpty, "\(log.findings)")
    }

    /// An event that is left out, and what its absence shows.
    static let omissions = [
        ("approval", ["audit.quorum"]), ("approved", ["audit.quorum"]),
        ("starting", ["audit.end-without-start", "audit.key-outside-run"]), ("paid", ["audit.key-without-budget"]),
        ("ended", ["audit.open-intent"]), ("checked", ["audit.release-without-check"]),
        ("output approved", ["audit.release-without-approval"]), ("report", ["audit.release-without-report"]),
    ]

    @Test(arguments: omissions) func `an event that is missing is missed`(name: String, codes: [String]) throws {
        var log = AuditLog()
        for (known, event) in AuditLog.story() where known != name { try log.add(event) }
        #expect(Set(log.findings.filter { $0.weight == .gap }.map(\.code)) == Set(codes), "\(log.findings)")
    }

    /// A change to one event, and what it shows.
    static let changes: [(String, @Sendable (inout Event) -> Void, String)] = [
        ("approval", { $0.actor = "alice" }, "audit.quorum"),
        ("approval", { $0.fields[1].1 = "2020-01-01T00:00:00Z" }, "audit.quorum"),
        ("approval", { $0.fields[0].1 = .string(String(repeating: "1", count: 64)) }, "audit.plan"),
        ("submitted", { $0.fields[1].1 = "2" }, "audit.quorum"),
        ("submitted", { $0.fields.removeLast() }, "audit.quorum"),
        ("starting", { $0.fields[0].1 = .string(String(repeating: "1", count: 64)) }, "audit.plan"),
        ("starting", { $0.fields[1].1 = "2" }, "audit.counter"),
        ("checked", { $0.fields[0].1 = "withhold" }, "audit.release-without-check"),
        ("checked", { $0.output = "out_2" }, "audit.release-without-check"),
        ("output approved", { $0.output = "out_2" }, "audit.release-without-approval"),
        ("released", { $0.fields = [("logQuorum", "required")] }, "audit.release-without-quorum"),
    ]

    private static func witnessed(_ size: String) -> [(String, JSONValue)] {
        [("logQuorum", "required"), ("witnessed", .string(size))]
    }

    @Test(arguments: [("10", true), ("11", false), ("12", true)])
    func `a release is a gap when its quorum had not seen the report`(size: String, isGap: Bool) throws {
        var log = AuditLog()
        for (name, event) in AuditLog.story() {
            var event = event
            if name == "released" { event.fields = Self.witnessed(size) }
            try log.add(event)
        }
        #expect(log.findings.map(\.code) == (isGap ? ["audit.release-without-quorum"] : []))
    }

    @Test func `a reader's policy that has a quorum is not waived by the log`() throws {
        var log = AuditLog()
        for (_, event) in AuditLog.story() { try log.add(event) }
        #expect(log.findings.isEmpty)
        log.demandsQuorum = true
        #expect(log.findings.map(\.code) == ["audit.release-without-quorum"])
        var witnessed = AuditLog()
        witnessed.demandsQuorum = true
        for (name, event) in AuditLog.story() {
            var event = event
            if name == "released" { event.fields = Self.witnessed("11") }
            try witnessed.add(event)
        }
        #expect(witnessed.findings.isEmpty)
    }

    @Test(arguments: [("people", "r", false), ("fair", "r", true), ("people", "s", true)])
    func `keys of joined datasets go out under one payment, each once`(
        dataset: String,
        request: String,
        isGap: Bool
    ) throws {
        var log = AuditLog()
        for (name, event) in AuditLog.story() {
            var event = event
            if name == "key" {
                event.dataset = "fair"
                event.fields.append(("request", "r"))
            }
            try log.add(event)
            guard name == "key" else { continue }
            event.dataset = dataset
            event.fields[event.fields.count - 1].1 = .string(request)
            try log.add(event)
        }
        #expect(log.findings.map(\.code) == (isGap ? ["audit.key-without-budget"] : []))
    }

    @Test(arguments: changes.indices) func `an event that says something else is noticed`(number: Int) throws {
        let (name, change, code) = Self.changes[number]
        var log = AuditLog()
        for (known, event) in AuditLog.story() {
            var event = event
            if known == name { change(&event) }
            try log.add(event)
        }
        #expect(log.findings.contains { $0.code == code && $0.weight == .gap && $0.job == "job_1" }, "\(log.findings)")
    }

    @Test(arguments: [UInt64?.none, 0, 7]) func `a chain that skips an event is broken`(previous: UInt64?) throws {
        var log = AuditLog()
        for (name, event) in AuditLog.story() { try log.add(event, previous: name == "key" ? .some(previous) : nil) }
        #expect(log.findings.map(\.code) == ["audit.chain"])
        #expect(log.findings.first?.index == 5)
    }

    @Test(arguments: [(5, true), (4, false), (6, false)])
    func `what the kernel refused and what the log tells of it must agree`(counted: Int64, agree: Bool) throws {
        var log = AuditLog()
        for (name, event) in AuditLog.story() {
            var event = event
            if name == "ended" {
                let counts: JSONValue = ["no-network 3", "no-mount 2"]
                try log.add(Event(kind: .jobDeniedSyscall, job: "job_1", body: [("counts", counts)]))
                event.body = [("refusedCalls", .integer(counted))]
            }
            try log.add(event)
        }
        #expect(log.findings.map(\.code) == (agree ? [] : ["audit.counter"]))
        log.showsBodies = false
        #expect(log.findings.isEmpty, "what is not shown is not compared")
    }

    @Test func `jobs that run side by side are kept apart`() throws {
        var log = AuditLog()
        for (one, two) in zip(AuditLog.story("job_1"), AuditLog.story("job_2")) {
            try log.add(one.event)
            if two.name != "ended" { try log.add(two.event) }
        }
        #expect(log.findings.map(\.job) == ["job_2"])
    }

    @Test func `a run may be open at the end of the log, but not after two starts of the supervisor`() throws {
        var log = AuditLog()
        for (_, event) in AuditLog.story().prefix(4) { try log.add(event) }
        #expect(log.findings.map(\.weight) == [.open])
        try log.add(Event(kind: .supervisorStart))
        #expect(log.findings.map(\.weight) == [.open])
        try log.add(Event(kind: .supervisorStart))
        #expect(log.findings.map(\.weight) == [.gap] && log.findings.first?.code == "audit.open-intent")
    }

    @Test func `what was approved and never ran is told, and is no gap`() throws {
        var log = AuditLog()
        for (_, event) in AuditLog.story().prefix(3) { try log.add(event) }
        #expect(log.findings.map(\.code) == ["audit.approved-never-run"] && log.findings.map(\.weight) == [.open])
    }

    @Test func `silence of more than a minute is noticed, unless the supervisor said that it stops`() throws {
        var log = AuditLog()
        try log.add(Event(kind: .supervisorStart))
        for _ in 0..<3 {
            log.seconds += 58
            try log.add(Event(kind: .checkpointPublished))
        }
        #expect(log.findings.isEmpty)
        try log.add(Event(kind: .supervisorStop))
        log.seconds += 3600
        try log.add(Event(kind: .supervisorStart))
        #expect(log.findings.isEmpty, "\(log.findings)")
        log.seconds += 70
        try log.add(Event(kind: .checkpointPublished))
        #expect(log.findings.map(\.code) == ["audit.heartbeat"])
        log.seconds += 70
        try log.add(Event(kind: .sitePaused))
        #expect(log.findings.map(\.index) == [6, 7], "other events are no heartbeat")
    }
}
