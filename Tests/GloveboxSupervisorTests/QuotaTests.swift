import GloveboxAPI
import GloveboxCore
import GloveboxIndex
import GloveboxJobs
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What accounts and projects may use: refused at submission where it does not clear by itself, waited for where it does.
@Suite(.serialized) struct QuotaTests {
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    private func code(_ body: () throws -> Void) -> String? {
        do { try body() } catch let error as GloveboxError { return error.code } catch { return "\(error)" }
        return nil
    }

    private func limit(_ test: TestSite, _ change: (inout ProjectQuota) -> Void) throws {
        let known = try test.site.project("flu", for: TestSite.owner)
        var request = AmendProjectRequest()
        var quota = ProjectQuota()
        change(&quota)
        request.quota = quota
        _ = try test.site.amendProject(TestSite.owner, "flu", request, ifMatch: known.tag)
    }

    private func hold(
        _ test: TestSite,
        _ job: String,
        at now: Instant = Machine.now(),
        starting: Set<String> = []
    ) throws -> StartLimits.Hold? {
        let entry = try test.entry(job)
        let quotas = test.site.settings.quotas
        return test.site.read { state in StartLimits(state, quotas, at: now, starting: starting).hold(entry) }
    }

    /// Moves a job on to where its code runs.
    private func run(_ test: TestSite, _ job: String) throws {
        let changes: [JobChange] = [
            .accepted(needsApproval: false), .dequeued(executor: "local", node: "localhost"),
            .starting(run: 1, nonce: .zero), .staged(measured: .zero), .started,
        ]
        for change in changes { try test.site.transition(job, change) }
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a submission over a quota that does not clear by itself is refused`() throws {
        let test = try TestSite()
        try test.register("flu")
        let made = try test.plan("pass", project: "flu")
        let most = try test.site.draft(made.planDigest).rules.output.mostReleased
        let limits: [(inout ProjectQuota) -> Void] = [
            { $0.runs = 0 }, { $0.queued = 0 }, { $0.cpuSecondsPerDay = 599 }, { $0.releasedBytes = most - 1 },
        ]
        for change in limits {
            try limit(test, change)
            #expect(code { _ = try test.submit(made) } == "quota.exceeded")
        }
        try limit(test) {
            ($0.runs, $0.queued, $0.cpuSecondsPerDay, $0.releasedBytes) = (1, 1, 600, most)
        }
        _ = try test.submit(made)
        try limit(test) { $0.runs = 1 }
        #expect(code { _ = try test.submit("pass", project: "flu") } == "quota.exceeded", "one waits for its run")
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `an account has so many jobs waiting and running, whatever the project`() throws {
        let test = try TestSite { layout in
            try StateFile.write(Array("quotas: {queued: 2, concurrent: 1}\n".utf8), to: layout.settings)
        }
        let first = try test.submit("pass")
        let second = try test.submit("pass")
        #expect(code { _ = try test.submit("pass") } == "quota.exceeded")
        #expect(try hold(test, second) == nil)
        try run(test, first)
        #expect(try hold(test, second)?.code == .quota)
        _ = try test.submit("pass")
        try test.site.transition(second, .accepted(needsApproval: false))
        #expect(try test.info(second).waiting?.code == .quota)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a job over its project's quota waits, and says for what and until when`() throws {
        var test = try TestSite()
        try test.register("flu")
        let first = try test.submit("pass", project: "flu")
        let second = try test.submit("pass", project: "flu")
        try run(test, first)
        try limit(test) { $0.concurrent = 1 }
        #expect(try hold(test, second) == StartLimits.Hold(code: .quota))
        try limit(test) { $0.runs = 1 }
        #expect(try hold(test, second) == StartLimits.Hold(code: .quotaRuns, needsPeople: true))
        let most = try test.entry(first).mostReleased
        try limit(test) { $0.releasedBytes = 2 * most - 1 }
        #expect(try hold(test, second) == StartLimits.Hold(code: .quotaBytes), "what runs may take the room yet")
        try limit(test) { $0.cpuSecondsPerDay = 1000 }
        let held = try #require(try hold(test, second))
        let start = try #require(try test.entry(first).firstStart)
        let until = try #require(held.until)
        #expect(held.code == .quotaProcessor && (23 * 3600...24 * 3600).contains(until.seconds - start.seconds))
        #expect(try hold(test, second, at: until) == nil)
        // What was used outlives the process, the job's way into the index, and the index.
        try test.site.transition(first, .cancelled(by: "acc"))
        try test.site.transition(first, .cleaned)
        let used = try test.site.project("flu", for: TestSite.owner).used
        #expect(used.runs == 1 && used.cpuSeconds == 600)
        for _ in 0..<2 {
            test.site.writeIndex()
            try test.reopen { _ in }
            #expect(try test.site.project("flu", for: TestSite.owner).used == used)
        }
        #expect(try test.site.index.job(first)?.started == start)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a job that has its place counts before the journal says so`() throws {
        let test = try TestSite()
        try test.register("flu")
        let first = try test.submit("pass", project: "flu")
        let second = try test.submit("pass", project: "flu")
        for job in [first, second] { try test.site.transition(job, .accepted(needsApproval: false)) }
        let limits: [((inout ProjectQuota) -> Void, Waiting.Code)] = [
            ({ $0.concurrent = 1 }, .quota), ({ $0.runs = 1 }, .quotaRuns),
            ({ $0.cpuSecondsPerDay = 1000 }, .quotaProcessor),
        ]
        for (change, code) in limits {
            try limit(test, change)
            #expect(try hold(test, second) == nil)
            #expect(try hold(test, second, starting: [first])?.code == code)
        }
        try test.site.transition(first, .dequeued(executor: "local", node: "localhost"))
        #expect(try hold(test, second)?.code == .quotaProcessor, "between its place and its start")
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a second run after a fault of the site is not charged`() throws {
        let test = try TestSite()
        try test.register("flu")
        let job = try test.submit("pass", project: "flu")
        let changes: [JobChange] = [
            .accepted(needsApproval: false), .dequeued(executor: "local", node: "localhost"),
            .starting(run: 1, nonce: .zero), .interrupted(rerun: true),
        ]
        for change in changes { try test.site.transition(job, change) }
        try limit(test) { $0.runs = 1 }
        #expect(try hold(test, job) == nil)
        try test.site.transition(job, .dequeued(executor: "local", node: "localhost"))
        try test.site.transition(job, .starting(run: 2, nonce: .zero))
        #expect(try test.site.project("flu", for: TestSite.owner).used.runs == 1)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a project spends no more on noise than its own limit`() throws {
        let test = try TestSite { layout in
            try StateFile.write(Array("quotas: {queued: 100}\n".utf8), to: layout.settings)
        }
        try test.register("flu")
        let charge = PrivacyCharge.of("flu", rho: "0.25")
        let ledger = test.site.read { state in state.ledger }
        try test.site.requireRoom(for: charge, in: ledger)
        try limit(test) { $0.rho = "0.25" }
        try test.site.requireRoom(for: charge, in: ledger)
        try limit(test) { $0.rho = "0.249" }
        #expect(code { try test.site.requireRoom(for: charge, in: ledger) } == "budget.exhausted")
        try test.site.requireRoom(for: PrivacyCharge.of("gout", rho: "0.25"), in: ledger)
    }
}
