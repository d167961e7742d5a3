import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct WaitingTests {
    @Test func `says for whom, since when and how long`() throws {
        let since = try #require(Instant("2026-03-02T09:14:05.120Z"))
        let waiting = Waiting(
            .approvalQuorum,
            since: since,
            deadline: Instant("2026-04-01T00:00:00Z"),
            on: [.role(.reviewer, need: 2, have: 1), .datasetOwner("census", need: 1, have: 0)]
        )
        let now = since.adding(seconds: 3 * 3600 + 60)
        #expect(
            waiting.message(at: now) == "Waiting for 1 more reviewer and the owner of census, since 09:14 UTC (3 h)."
        )
        let json = waiting.json(phase: .awaitingApproval, at: now)
        #expect(json["code"] == "approval.quorum" && json["since"] == "2026-03-02T09:14:05.120Z")
        #expect(json["phase"] == "awaiting_approval")
        #expect(try Waiting(json: json) == waiting)
    }

    @Test func `a wait for full isolation names the nodes that lack it, and what`() throws {
        let lacking = [
            Waiting.Shortcoming(node: "blade-7", lacks: ["control-groups", "cpuset"]),
            Waiting.Shortcoming(node: "blade-8", lacks: ["landlock"]),
        ]
        let waiting = Waiting(.node, since: start, on: [.isolation(lacking), .place(1)])
        #expect(
            waiting.message(at: start)
                == "Waiting for a node with full isolation (blade-7 lacks control-groups, cpuset; "
                + "blade-8 lacks landlock) and a free place to run (next in the queue), since 16:10 UTC (0 s)."
        )
        #expect(try Waiting(json: waiting.json(phase: .queued, at: start)) == waiting)
        let unknown = Waiting(.node, since: start, on: [.isolation([])])
        #expect(unknown.message(at: start) == "Waiting for a node with full isolation, since 16:10 UTC (0 s).")
    }

    @Test(arguments: Waiting.Code.allCases) func `every reason has a sentence`(code: Waiting.Code) {
        #expect(Waiting(code, since: start).message(at: start).hasSuffix(", since 16:10 UTC (0 s)."))
    }

    @Test func `begins anew only when the reason changes`() throws {
        var job = newJob()
        try play(&job, [.accepted(needsApproval: true)])
        let first = try #require(job.waiting?.since)
        try play(&job, [.waiting(Waiting(.approvalQuorum, since: start.adding(seconds: 99), on: [.submitter]))])
        #expect(job.waiting?.since == first && job.waiting?.waitingOn == [.submitter])
        try play(&job, [.waiting(Waiting(.sitePaused, since: start.adding(seconds: 99)))])
        #expect(job.waiting?.since == start.adding(seconds: 99))
    }
}
