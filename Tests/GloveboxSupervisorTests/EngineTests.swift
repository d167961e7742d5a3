import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxTransparency
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The engine with a real site, a real log and, where a job runs, a real jail.
@Suite(.serialized) struct EngineTests {
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a vote given before the job waits for one is counted`() throws {
        let test = try TestSite()
        let approved = try test.submit("print(1)\n")
        let refused = try test.submit("print(2)\n")
        // No engine yet: as far as anyone knows, the jobs are in their start grace.
        try test.vote(.approve, on: approved)
        try test.vote(.refuse, on: refused)
        #expect(try test.entry(approved).job.phase == .accepted)
        try test.start()
        let queued = try test.wait(for: approved) { $0.job.phase.isTerminal }
        #expect(queued.job.transitions.contains { $0.phase == .queued })
        #expect(try test.wait(for: refused) { $0.job.phase.isTerminal }.job.phase == .denied)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a job whose image cannot be mounted ends with a report that says it never started`() throws {
        let test = try TestSite()
        let job = try test.submit("print(1)\n")
        try test.vote(.approve, on: job)
        try test.start()
        let entry = try test.wait(for: job) { $0.evidence != nil }
        #expect(entry.job.phase == .errored && entry.evidence != nil)
        #expect(!entry.job.transitions.contains { $0.phase == .running })
    }

    private static let image = TestPrograms.image("python")

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a permitted table is released at its tick, and not before the declared limit`() throws {
        let test = try TestSite(image: Self.image)
        let program = try Descriptor.open(
            TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py",
            O_RDONLY
        )
        let job = try test.submit(String(decoding: program.readAll(limit: 10_000), as: UTF8.self), wallSeconds: 3)
        try test.vote(.approve, on: job)
        try test.start()
        let entry = try test.wait(for: job) { $0.job.phase.isTerminal }
        #expect(entry.job.phase == .released, "\(entry.explanation ?? "") \(entry.job.reasons)")
        let started = try #require(entry.job.lastRun?.started)
        let released = try #require(entry.job.transitions.last?.at)
        #expect(released.milliseconds - started.milliseconds >= 3000)
        let findings = try test.findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a cancelled run is killed at once, and other jobs are decided while it runs`() throws {
        let test = try TestSite(image: Self.image)
        let running = try test.submit("import time\ntime.sleep(50)\n")
        try test.vote(.approve, on: running)
        try test.start()
        #expect(try test.wait(for: running) { $0.job.phase == .running }.job.phase == .running)
        let second = try test.submit("print(2)\n")
        try test.vote(.refuse, on: second)
        #expect(try test.wait(for: second) { $0.job.phase == .denied }.job.phase == .denied)
        #expect(try test.entry(running).job.phase == .running)
        let before = Machine.now()
        try test.cancel(running)
        let entry = try test.wait(for: running) { $0.evidence != nil && $0.job.cleanup == .done }
        #expect(entry.job.phase == .cancelled && entry.evidence != nil && entry.job.cleanup == .done)
        #expect(Machine.now().milliseconds - before.milliseconds < 5000)
        let findings = try test.findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a withdrawn approval kills the run, and sends a queued job back to its reviewers`() throws {
        let test = try TestSite(image: Self.image) { layout in
            try StateFile.write(Array("jobs:\n  slots: 1\n".utf8), to: layout.settings)
        }
        let running = try test.submit("import time\ntime.sleep(50)\n")
        let queued = try test.submit("import time\ntime.sleep(51)\n")
        try test.start()
        for job in [running, queued] {
            let waits = try test.wait(for: job) { $0.job.phase == .awaitingApproval }
            #expect(try test.info(job).waiting?.waitingOn == [.role(.reviewer, need: 1, have: 0)])
            #expect(
                try test.info(job).waiting?.deadline == waits.job.waiting?.since.adding(seconds: 30 * 86400)
            )
            try test.vote(.approve, on: job)
            _ = try test.wait(for: running) { $0.job.phase == .running }
        }
        _ = try test.wait(for: queued) { $0.job.phase == .queued }
        #expect(try test.info(queued).waiting?.waitingOn == [.place(1)])
        try test.vote(.revoke, on: queued)
        let back = try test.wait(for: queued) { $0.job.phase == .awaitingApproval }
        #expect(back.job.phase == .awaitingApproval && back.job.waiting?.code == .approvalRevoked)
        #expect(throws: GloveboxError("object.not-found", "")) { try test.vote(.revoke, on: queued) }
        try test.vote(.revoke, on: running)
        let killed = try test.wait(for: running) { $0.job.cleanup == .done }
        #expect(killed.job.phase == .cancelled && killed.evidence != nil)
        // Whoever withdrew may approve again.
        try test.vote(.approve, on: queued)
        let second = try test.wait(for: queued) { $0.job.phase == .running }
        #expect(second.job.phase == .running && second.tally.votes.map(\.decision) == [.approve, .revoke, .approve])
        try test.cancel(queued)
        let ended = try test.wait(for: queued) { $0.job.cleanup == .done }
        let report = try test.report(queued)
        #expect(report.approvals.count == 1, "only the approval that counted")
        #expect(try test.evidence(queued).count { $0.hasPrefix("approvals/") } == 1)
        #expect(ended.job.phase == .cancelled)
        let findings = try test.findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `as many jobs run side by side as there are slots, and the next waits for one of them`() throws {
        let test = try TestSite(image: Self.image) { layout in
            try StateFile.write(Array("jobs:\n  slots: 2\n".utf8), to: layout.settings)
        }
        let jobs = try (0..<3).map { _ in try test.submit("import time\ntime.sleep(50)\n") }
        for job in jobs { try test.vote(.approve, on: job) }
        try test.start()
        for job in jobs[0..<2] { #expect(try test.wait(for: job) { $0.job.phase == .running }.job.phase == .running) }
        #expect(try test.entry(jobs[2]).job.phase == .queued)
        try test.cancel(jobs[0])
        #expect(try test.wait(for: jobs[2]) { $0.job.phase == .running }.job.phase == .running)
        #expect(try test.entry(jobs[1]).job.phase == .running)
        for job in jobs[1...] { try test.cancel(job) }
        for job in jobs { #expect(try test.wait(for: job) { $0.job.cleanup == .done }.evidence != nil) }
        // Each report names the one before it, whoever made them at the same time.
        let reports = try jobs.map { try test.report($0) }
        #expect(Set(reports.map(\.previousReport)).count == 3)
        let findings = try test.findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `jobs run side by side as far as the memory that they declare goes, and small ones pass a large one`() throws {
        let test = try TestSite(image: Self.image) { layout in
            try StateFile.write(Array("jobs:\n  slots: 4\n  memory_mib: 1536\n".utf8), to: layout.settings)
        }
        let later = Atomic<Int64>(0)
        func submit(_ mebibytes: UInt64) throws -> String {
            let job = try test.submit("import time\ntime.sleep(50)\n", memory: mebibytes << 20)
            try test.vote(.approve, on: job)
            return job
        }
        func isRunning(_ job: String) throws -> Bool {
            try eventually { try test.entry(job).job.phase == .running }
        }
        let first = try submit(512)
        try test.start { Machine.now().adding(seconds: later.load(ordering: .relaxed)) }
        #expect(try isRunning(first))
        // More than there is at all: it gets all of it, once the others are done.
        let large = try submit(2048)
        #expect(try eventually { try test.entry(large).job.phase == .queued })
        let small = try submit(512)
        #expect(try isRunning(small))
        #expect(try test.info(large).waiting?.code == .memory)
        later.store(Scheduler.patience + 1, ordering: .relaxed)
        let last = try submit(512)
        #expect(try eventually { try test.entry(last).job.phase == .queued })
        // The engine has looked at both by the time it has refused another.
        let refused = try test.submit("print(1)\n")
        try test.vote(.refuse, on: refused)
        #expect(try eventually { try test.entry(refused).job.phase == .denied })
        #expect(try test.entry(last).job.phase == .queued)
        #expect(try test.info(last).waiting?.waitingOn == [.place(2)])
        for job in [first, small] { try test.cancel(job) }
        #expect(try isRunning(large))
        #expect(try test.entry(last).job.phase == .queued)
        try test.cancel(large)
        #expect(try isRunning(last))
        try test.cancel(last)
        #expect(try eventually { try test.entry(last).job.cleanup == .done })
        let findings = try test.findings().filter { $0.code != "audit.heartbeat" }
        #expect(findings.isEmpty, "\(findings)")
    }

    private static let fixed = RequestedDeterminism(seed: 1 << 32 + 7, clock: Instant(seconds: 1_577_836_800))

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a plan that asks to be repeatable says so, runs so, and the report names what was loaded`() throws {
        let test = try TestSite(image: Self.image)
        let program =
            "import os, time\nassert time.time() < 1577836801 and os.environ['GLOVEBOX_SEED'] == '4294967303'\n"
        let job = try test.submit(program, wallSeconds: 1, deterministic: Self.fixed)
        let core = try test.entry(job).manifest.core
        #expect(core.deterministic?.seed == Self.fixed.seed && core.deterministic?.clock == Self.fixed.clock)
        #expect(core.executors[0].env["PYTHONHASHSEED"] == "7" && core.executors[0].env["OMP_NUM_THREADS"] == "1")
        #expect(core.executors[0].env["LD_PRELOAD"] == nil, "it follows from the mode, so that no plan need carry it")
        try test.vote(.approve, on: job)
        try test.start()
        let entry = try test.wait(for: job) { $0.evidence != nil }
        #expect(entry.job.lastRun?.exit?.isSuccess == true, "\(entry.explanation ?? "")")
        let account = try #require(test.report(job).jail.deterministic)
        #expect(account.fixed.seed == Self.fixed.seed && account.fixed.threads == 1)
        #expect(account.shim == test.site.host.shim)
        #expect(account.notFixed.contains("thread-interleaving"))
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a plan cannot ask to be repeatable and for other threads at once`() throws {
        let test = try TestSite()
        #expect(throws: GloveboxError("plan.deterministic", "")) {
            try test.submit("print(1)\n", env: ["OMP_NUM_THREADS": "2"], deterministic: Self.fixed)
        }
        #expect(throws: Never.self) {
            try test.submit("print(1)\n", env: ["OMP_NUM_THREADS": "1"], deterministic: Self.fixed)
        }
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `private data never runs under the policy that lets everything leave`() throws {
        let test = try TestSite()
        #expect(throws: GloveboxError("policy.not-enforced", "")) { try test.plan("", policy: Site.freePolicy) }
    }
}
