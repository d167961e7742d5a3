import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct JobTests {
    @Test func `leads a good job from submission to release`() throws {
        var job = newJob()
        #expect(job.phase == .accepted && job.waiting?.code == .startGrace)
        #expect(try play(&job, Array(goodRun[..<1])) == [.askForApproval])
        #expect(try play(&job, [goodRun[1]]) == [.enqueue])
        #expect(try play(&job, [goodRun[2]]) == [.stage(run: 1)])
        #expect(try play(&job, Array(goodRun[3...4])) == [.launch(run: 1)])
        #expect(try play(&job, Array(goodRun[5...6])) == [.collect(run: 1)])
        #expect(try play(&job, [goodRun[7]]) == [.check])
        #expect(try play(&job, [.checked(.release)]) == [.release])
        #expect(try play(&job, [.releaseIntent(bundle: digest(6))]) == [.publish(bundle: digest(6))])
        #expect(try play(&job, [.released(report: digest(7))]) == [.cleanUp])
        #expect(job.phase == .released && job.outcome == .released && job.waiting == nil && job.cleanup == .pending)
        try play(&job, [.cleaned])
        #expect(job.cleanup == .done)
    }

    @Test func `asks reviewers, takes an answer back, and releases`() throws {
        var job = newJob()
        try play(
            &job,
            goodRun + [.checked(.review), .returned, .resubmitted(by: "acc_alice"), .reviewClosed(release: true)]
        )
        #expect(job.phase == .awaitingReview)
        try play(&job, [.releaseIntent(bundle: digest(6)), .released(report: digest(7))])
        #expect(job.phase == .released)
    }

    @Test func `a refused check ends withheld with its reasons and a report`() throws {
        var job = newJob()
        #expect(try play(&job, goodRun + [.checked(.withhold)]) == [.withhold])
        #expect(try play(&job, [.withheld(reasons: ["threshold"])]) == [.cleanUp, .report(.refused)])
        #expect(job.reasons == ["threshold"])
    }

    @Test(arguments: [
        (ExitClass.exit(1), ReportOutcome.failed), (.signal(11), .failed), (.limit(.memory), .killed),
        (.policy, .killed),
    ])
    func `a run that did not end well fails the job`(exit: ExitClass, outcome: ReportOutcome) throws {
        var job = newJob()
        #expect(try play(&job, Array(goodRun[..<6]) + [.ended(exit)]) == [.fail(exit)])
        #expect(try play(&job, [.failed]) == [.cleanUp, .report(outcome)])
        #expect(job.phase == .failed)
    }

    @Test func `an interrupted run ends the job, before the first instruction it only goes back to the queue`() throws {
        var job = newJob()
        try play(&job, Array(goodRun[..<5]) + [.interrupted(rerun: false)])
        #expect(job.phase == .queued && job.runs.count == 1)
        try play(&job, [.dequeued(executor: "local", node: "n"), .starting(run: 2, nonce: digest(9))])
        try play(&job, [.staged(measured: digest(4)), .started])
        let actions = try play(&job, [.interrupted(rerun: false)])
        #expect(actions == [.terminate, .cleanUp, .report(.interrupted)])
        #expect(job.phase == .errored && job.lastRun?.exit == .interrupted)
    }

    @Test func `a run that dies while it is checked runs again only where that is allowed`() throws {
        var job = newJob()
        try play(&job, goodRun + [.checked(.release)])
        #expect(throws: GloveboxError("job.phase", "")) { try play(&job, [.interrupted(rerun: false)]) }
        #expect(try play(&job, [.interrupted(rerun: true)]) == [.terminate, .enqueue])
        #expect(job.phase == .queued && job.verdict == nil)
        try play(&job, [.dequeued(executor: "local", node: "n"), .starting(run: 2, nonce: digest(9))])
        try play(&job, [.staged(measured: digest(4)), .started, .ended(.exit(0)), .collected(commitment: digest(5))])
        try play(&job, [.checked(.release), .releaseIntent(bundle: digest(6)), .released(report: digest(7))])
        #expect(job.phase == .released && job.runs.count == 2)
    }

    @Test func `a cancel wins until the release is durable as intent`() throws {
        var job = newJob()
        try play(&job, goodRun + [.checked(.release)])
        var cancelled = job
        #expect(try play(&cancelled, [.cancelled(by: "acc_r")]).first == .terminate)
        #expect(cancelled.phase == .cancelled)
        #expect(throws: GloveboxError("job.phase", "")) { try play(&cancelled, [.releaseIntent(bundle: digest(6))]) }
        try play(&job, [.releaseIntent(bundle: digest(6))])
        #expect(throws: GloveboxError("job.phase", "")) { try play(&job, [.cancelled(by: "acc_r")]) }
    }

    @Test func `refuses an event written against another state and keeps the job as it was`() throws {
        var job = newJob()
        let before = job
        for (index, after) in [(2, 0), (1, 1), (2, 2), (0, 1)] as [(UInt64, UInt64)] {
            let event = JobEvent(index: index, after: after, at: start, .accepted(needsApproval: true))
            #expect(throws: GloveboxError("object.conflict", "")) { try job.apply(event) }
            #expect(job == before)
        }
    }

    @Test func `does not start what was not staged and does not release what was not checked`() throws {
        var job = newJob()
        try play(&job, Array(goodRun[..<4]))
        #expect(throws: GloveboxError("job.phase", "")) { try play(&job, [.started]) }
        try play(&job, Array(goodRun[4...5]))
        #expect(throws: GloveboxError("job.phase", "")) { try play(&job, [.collected(commitment: digest(5))]) }
        try play(&job, Array(goodRun[6...]))
        #expect(throws: GloveboxError("job.phase", "")) { try play(&job, [.releaseIntent(bundle: digest(6))]) }
        try play(&job, [.checked(.withhold)])
        #expect(throws: GloveboxError("job.phase", "")) { try play(&job, [.releaseIntent(bundle: digest(6))]) }
    }

    @Test(arguments: everyChange) func `a change survives the journal`(change: JobChange) throws {
        #expect(try JobChange(name: change.name, json: change.json) == change)
    }
}
