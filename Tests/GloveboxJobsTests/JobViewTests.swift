import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct JobViewTests {
    private func ended(_ changes: [JobChange], mode: Job.Mode = .real) throws -> Job {
        var job = newJob(mode: mode)
        try play(&job, Array(goodRun[..<6]) + changes)
        return job
    }

    @Test func `a researcher cannot tell failed, errored and withheld real runs apart`() throws {
        let jobs = [
            try ended([.ended(.exit(7)), .failed]), try ended([.ended(.signal(9)), .failed]),
            try ended([.errored(component: "jail", code: "jail.x")]), try ended([.interrupted(rerun: false)]),
            try ended([
                .ended(.exit(0)), .collected(commitment: digest(5)), .checked(.withhold), .withheld(reasons: ["k"]),
            ]),
        ]
        let tick: Int64 = 900
        let after = Job.roundUp(start.adding(seconds: 60), tick)
        let views = jobs.map { $0.researcherView(at: after, tick: tick) }
        for view in views {
            #expect(view == views[0])
            #expect(view.phase == .withheld && view.reasons == ["not-released"] && view.since == after && !view.exact)
        }
        for job in jobs {
            let before = job.researcherView(at: Instant(milliseconds: after.milliseconds - 1), tick: tick)
            #expect(before.phase == .running && before.waiting?.code == .runActive)
        }
    }

    @Test func `shows a release at the tick, not before`() throws {
        let job = try ended([
            .ended(.exit(0)), .collected(commitment: digest(5)), .checked(.release),
            .releaseIntent(bundle: digest(6)), .released(report: digest(7)),
        ])
        let tick = Job.roundUp(start.adding(seconds: 60), 900)
        #expect(job.researcherView(at: start.adding(seconds: 60), tick: 900).phase == .running)
        #expect(job.researcherView(at: tick, tick: 900).phase == .released)
    }

    @Test func `mock runs and what comes before a run are shown as they are`() throws {
        let mock = try ended([.ended(.exit(7)), .failed], mode: .mock)
        #expect(mock.researcherView(at: start, tick: 900) == mock.fullView)
        var denied = newJob()
        try play(&denied, [.accepted(needsApproval: true), .denied(reasons: ["purpose"])])
        #expect(denied.researcherView(at: start, tick: 900).reasons == ["purpose"])
    }
}
