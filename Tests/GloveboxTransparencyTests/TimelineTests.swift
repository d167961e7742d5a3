import GloveboxCore
import Testing

@testable import GloveboxTransparency

@Suite struct TimelineTests {
    @Test(arguments: EventKind.allCases) func `every kind of event has words`(kind: EventKind) {
        #expect(!kind.words.contains(".") && kind.words.contains(where: \.isLetter))
    }

    @Test func `names come from bodies, the supervisor is known by what only it does`() throws {
        var log = AuditLog()
        try log.add(Event(kind: .logCreated))
        try log.add(Event(kind: .userCreated, user: "alice", body: [("name", "al\u{1b}[31mice")]))
        for (_, event) in AuditLog.story() { try log.add(event) }
        var (names, anonymous) = (AuditNames(), AuditNames())
        var lines: [String] = []
        for (event, body) in zip(log.events, log.bodies) {
            names.learn(event, BodyDisclosure(body, of: event.index))
            anonymous.learn(event, nil)
            lines.append(TimelineEntry(event, names: names).text)
        }
        #expect(lines[0].contains("supervisor  created the log"))
        #expect(lines[2].contains("al\\u{1b}[31mice") && lines[2].contains("submitted a job  job_1"))
        #expect(lines[11].contains("policy 000000000000…  approved the outputs  job_1  out_1"))
        #expect(TimelineEntry(log.events[2], names: anonymous).text.contains("person "))
        #expect(lines.allSatisfy { !$0.contains("\u{1b}") })
    }

    @Test func `the filter takes jobs, actors and times`() throws {
        var log = AuditLog()
        for (_, event) in AuditLog.story("job_1") + AuditLog.story("job_2") { try log.add(event) }
        func count(_ set: (inout AuditFilter) -> Void) -> Int {
            var filter = AuditFilter()
            set(&filter)
            return log.events.count(where: filter.admits)
        }
        #expect(count { $0.job = "job_2" } == 13)
        #expect(count { $0.actor = String(log.events[1].actor.dropFirst(12).prefix(8)) } == 2)
        #expect(count { $0.since = log.events[20].time } == 6)
        #expect(count { $0.project = "prj_1" } == 0)
    }

    @Test func `a job's story says who approved what, what left, and what is not shown`() throws {
        var log = AuditLog()
        for (name, event) in AuditLog.story() {
            if name == "ended" {
                try log.add(
                    Event(
                        kind: .jobDeniedSyscall,
                        job: "job_1",

                        body: [("denied", ["socket(AF_INET)"])]
                    )
                )
            }
            if name == "released" { try log.add(Event(kind: .releaseIntent, job: "job_1", body: [("bytes", 812)])) }
            try log.add(event)
        }
        var (full, bare) = (JobStory(of: "job_1"), JobStory(of: "job_1"))
        for (event, body) in zip(log.events, log.bodies) {
            full.add(event, BodyDisclosure(body, of: event.index))
            bare.add(event, nil)
        }
        let text = full.lines(AuditNames()).joined(separator: "\n")
        for part in [
            "approved the plan", "socket(AF_INET)", "out_1 at", "812 bytes", "1 run", "checked the outputs: release",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        #expect(bare.lines(AuditNames()).joined().contains("not shown"))
        #expect(bare.json["left"]?["bytes"] == .null && full.json["left"]?["bytes"] == 812)
        #expect(!JobStory(of: "job_2").isKnown)
    }
}
