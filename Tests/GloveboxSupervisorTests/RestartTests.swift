import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import Logging
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What becomes of a run in whose middle the supervisor died.
@Suite(.serialized) struct RestartTests {
    private static let steps: [JobChange] = [
        .dequeued(executor: "local", node: "localhost"), .starting(run: 1, nonce: .zero), .staged(measured: .zero),
        .started, .ended(.exit(0)), .collected(commitment: .zero), .checked(.release),
    ]

    private static func settle(_ site: Site) throws {
        // Paused, so that nothing begins to run meanwhile.
        _ = try site.setPaused(true, Caller(account: "acc_o", name: "o", roles: [.operator]), reason: "test")
        try Engine(site: site, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }).start()
    }

    @Test func `a run that could reach no data runs again, wherever it died, three times at most`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        let task: JSONValue = ["executors": [["image": "alpine", "command": ["true"]]]]
        var jobs: [String] = []
        for count in 1...Self.steps.count {
            let id = try site.createTask(place.alice, TaskDocument(json: task), idempotency: nil)
            try site.transition(id, .accepted(needsApproval: false))
            for step in Self.steps[..<count] { try site.transition(id, step) }
            jobs.append(id)
        }
        site.close()
        let again = try Site(opening: place.layout)
        defer { again.close() }
        try Self.settle(again)
        for id in jobs {
            let job = try #require(try again.entry(id)).job
            #expect(job.phase == .queued && job.runs.count == 1 && job.verdict == nil, "\(id)")
        }
        let tired = try #require(jobs.last)
        for number in 2...3 {
            try again.transition(tired, .dequeued(executor: "local", node: "localhost"))
            try again.transition(tired, .starting(run: number, nonce: .zero), fields: [("run", .string("\(number)"))])
            try Self.settle(again)
        }
        let job = try #require(try again.entry(tired)).job
        #expect(job.phase == .errored && job.reasons == ["job.interrupted"] && job.runs.count == 3)
        // These runs do not say what they ran; all else of them is in order.
        let found = Set(try again.findings().map(\.code)).intersection([
            "audit.counter", "audit.end-without-start", "audit.open-intent",
        ])
        #expect(found.isEmpty, "\(found)")
    }

    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a run that could reach data does not run again, one that had no key yet does`() throws {
        let test = try TestSite()
        var jobs: [(id: String, phase: JobPhase)] = []
        for (count, phase) in [(2, JobPhase.queued), (4, .errored), (5, .errored), (6, .errored)] {
            let id = try test.submit("print(\(count))\n")
            try test.vote(.approve, on: id)
            try test.site.transition(id, .accepted(needsApproval: true))
            try test.site.transition(id, .approved(approvals: [.zero]))
            for step in Self.steps[..<count] { try test.site.transition(id, step) }
            jobs.append((id, phase))
        }
        try Self.settle(test.site)
        for (id, phase) in jobs {
            let job = try test.entry(id).job
            #expect(job.phase == phase && job.runs.count == 1, "\(id)")
        }
        // The run that was open when the supervisor died is closed, as one that went wrong.
        var closed: [String: Int64] = [:]
        try test.site.log.replay { (entry: LoggedEntry) throws(GloveboxError) in
            guard case .event(let event) = entry.kind, let own = event["unmapped"]?["glovebox"],
                own["event"]?.string == EventKind.jobInterrupted.rawValue, let job = own["job"]?.string
            else { return }
            closed[job] = event["status_id"]?.integer
        }
        #expect(closed[jobs[1].id] == 2 && closed[jobs[0].id] == 2, "\(closed)")
        #expect(try test.entry(jobs[1].id).isRunOpen == false)
    }
}
