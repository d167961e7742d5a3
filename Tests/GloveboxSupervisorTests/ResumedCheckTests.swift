import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxDisclosure
import GloveboxJobs
import GloveboxPolicy
import GloveboxPrivacy
import GloveboxStore
import GloveboxTransparency
import Logging
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Supervisors that are killed while what a run left is checked.
@Suite(.serialized) struct ResumedCheckTests {
    private static let image = TestPrograms.image("python")
    private static let isReady = image != nil && TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private static let reason: Comment = "needs GLOVEBOX_FAIR_CSV and the image python"

    /// Where a supervisor dies.
    enum Point: String, Codable {
        /// When the log has the commitment to what was left.
        case collected
        /// The same, for a program over blocks.
        case blocks
        /// When the log has that a supervisor goes on with the checks of another.
        case resumed
        /// When the broker has the charge for an answer, and the log has not.
        case charged
        /// When the log has it, too.
        case paid
        /// When the release is sealed and stands in the history, and the log has no decision.
        case remembered
    }

    /// Works at a site until so many jobs are checked, and dies at a point of the first one's checks of `kill -9`.
    private static func die(at point: Point, _ count: Int, _ root: String) throws -> Never {
        let site = try Site(opening: SiteLayout(root: root))
        func wait(for count: Int, _ fits: (JobEntry) -> Bool) throws -> JobEntry {
            for _ in 0..<3_000_000 {
                let found = site.read { state in state.open.compactMap { state.jobs[$0] }.filter(fits) }
                if let first = found.first, found.count == count { return first }
                usleep(100)
            }
            exit(3)
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let engine = Engine(site: site, logger: logger)
        if point == .blocks {
            // These take the turn of decisions to pay, and then run for seconds.
            try engine.start()
            _ = try wait(for: count) { $0.job.phase == .running }
        }
        try site.decisions.withLock { _ in
            if point != .blocks { try engine.start() }
            let first = try wait(for: count) {
                $0.job.phase == .checking && (point != .resumed || $0.job.resumedChecks > 0)
            }
            try go(to: point, first, site)
            kill(getpid(), SIGKILL)
        }
        exit(5)
    }

    /// The steps that the job's own thread would take next.
    private static func go(to point: Point, _ entry: JobEntry, _ site: Site) throws {
        let runner = JobRunner(site: site, job: entry.job.id)
        let policy = entry.rules.output
        let frozen = try #require(try site.frozen.find(entry))
        let data = try site.data(of: entry)
        switch point {
        case .collected, .blocks, .resumed: break
        case .charged, .paid:
            let question = try site.specs(of: entry.manifest).query(policy).question()
            let answer = PaidAnswer(site: site, entry: entry, policy: policy, data: data, question: question)
            let request = frozen.access.grant.request
            guard point == .charged else {
                _ = try answer.pay(under: request)
                return
            }
            let charge = site.charge(for: question, policy, data, project: entry.manifest.project)
            _ = try KeyDoor.charge(site, charge, under: request, rules: entry.rules)
        case .remembered:
            guard case .files(let outputs) = frozen.left else { exit(4) }
            let rows = try runner.reopened(frozen)
            let outcome = try OutputDecision(site: site, entry: entry, policy: policy, data: data)
                .decide(outputs, rows: rows.joined, lineageKey: rows.lineageKey)
            var draft = frozen.draft
            draft.take(outcome.decision, disclosure: outcome.disclosure)
            _ = try runner.seal(entry, try #require(outcome.released), outcome.evidence, draft)
            try outcome.remember()
        }
    }

    private static func killed(at point: Point, of count: Int = 1, _ root: String) async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [root = root as String, point = point as Point, count = count as Int] in
            try Self.die(at: point, count, root)
        }
    }

    /// Starts the next supervisor, at a time when every tick has come: a job's limit is no measure on a slow machine.
    private static func start(_ test: TestSite) throws { try test.start { Machine.now().adding(seconds: 3600) } }

    private func frozen(_ test: TestSite, _ job: String) -> String { test.layout.sealed + "/\(job).frozen" }

    /// The job after all of it was cleared away.
    private func end(_ test: TestSite, _ job: String) throws -> JobEntry {
        #expect(try eventually { try test.entry(job).job.cleanup == .done })
        return try test.entry(job)
    }

    /// One run, one key, one decision and one release, and a log that an auditor finds nothing missing in.
    private func expectOnce(_ test: TestSite, _ job: String, resumed: Int, charges: Int = 0) throws {
        let records = try SiteLog.records(test.site.log).filter { $0.job == job }
        let once: [EventKind] = [
            .jobStarting, .keyReleased, .jobEnded, .outputCollected, .outputChecked, .outputApproved, .releaseIntent,
            .attestationIssued, .outputReleased,
        ]
        for kind in once { #expect(records.count { $0.kind == kind } == 1, "\(kind)") }
        #expect(!records.contains { $0.kind == .jobInterrupted })
        #expect(records.count { $0.json["change"]?.string == "check.resumed" } == resumed)
        #expect(records.count { $0.json["charge"] != nil } == charges)
        #expect(records.count { $0.kind == .budgetSpent } == 2 + charges, "the run, the capacity and each answer")
        #expect(!StateFile.exists(frozen(test, job)) && !test.hasSealed(job), "what was kept is destroyed")
        let findings = try test.findings().filter { $0.code != "audit.heartbeat" }
        #expect(findings.isEmpty, "\(findings)")
    }

    private func tableJob(_ test: TestSite, wallSeconds: UInt64 = 60) throws -> String {
        let program = try TestSite.text(TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py")
        let job = try test.submit(program, wallSeconds: wallSeconds)
        try test.vote(.approve, on: job)
        return job
    }

    @Test(
        .enabled(if: isReady, reason),
        arguments: [[.remembered], [.collected, .resumed]] as [[Point]]
    )
    func `a supervisor killed while a table is checked leaves it to the next, which releases it once`(
        points: [Point]
    ) async throws {
        var test = try TestSite(image: Self.image)
        let job = try tableJob(test)
        try await test.lend { layout in
            for point in points { await Self.killed(at: point, layout.root) }
        }
        let found = try test.entry(job)
        #expect(found.job.phase == .checking && found.job.verdict == nil && found.sealed == nil)
        let kept = try StateFile.read(frozen(test, job))
        #expect(!String(decoding: kept, as: UTF8.self).contains("rate_marriage"), "nothing is in the clear")
        try Self.start(test)
        let entry = try end(test, job)
        try #require(entry.job.phase == .released, "\(entry.job.phase) \(entry.job.reasons) \(entry.explanation ?? "")")
        #expect(entry.job.runs.count == 1)
        let table = try #require(try test.evidenceFiles(job)["table.csv"])
        #expect(String(decoding: table, as: UTF8.self).hasPrefix("rate_marriage,"))
        let report = try test.report(job)
        #expect(report.outcome == .released && report.jail.readback != nil && report.keyBinding != nil)
        #expect(report.outputs.released.map(\.digest) == [Machine.sha256(table)])
        #expect(report.outputs.withheld.map(\.reason) == ["output.replaced"])
        let lineage = try test.site.dataset(named: "fair").lineage
        #expect(try ReleaseHistory(site: test.site, lineage: lineage).jobs() == [job])
        try expectOnce(test, job, resumed: points.count)
    }

    @Test(.enabled(if: isReady, reason))
    func `several jobs that were checked when the supervisor was killed are all released`() async throws {
        var test = try TestSite(image: Self.image) { layout in
            try StateFile.write(Array("jobs:\n  slots: 3\n".utf8), to: layout.settings)
        }
        let jobs = try (0..<3).map { _ in try tableJob(test) }
        try await test.lend { layout in await Self.killed(at: .collected, of: 3, layout.root) }
        try Self.start(test)
        for job in jobs {
            let entry = try end(test, job)
            #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.job.reasons)")
        }
        for job in jobs { try expectOnce(test, job, resumed: 1) }
    }

    @Test(.enabled(if: isReady, reason), arguments: [Point.collected, .charged, .paid])
    func `a supervisor killed while an answer is made has the next make it, for the one charge`(
        point: Point
    ) async throws {
        var test = try TestSite(image: Self.image)
        // Room for one answer.
        let policy = try TestSite.text(TestPrograms.repository + "/Policies/dp-query.yaml")
            .replacing("name: dp-query", with: "name: dp-test").replacing("15m", with: "1s")
            .replacing(/dataset_rho: "[0-9.]+"/, with: "dataset_rho: \"0.005\"")
        try #require(policy.contains("dataset_rho: \"0.005\""))
        _ = try test.site.addPolicy(TestSite.owner, AddPolicyRequest(document: policy))
        let query =
            #"{"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"fair","query":{"kind":"count"},"rho":"0.005"}"#
        let job = try test.submit("pass\n", policy: "dp-test", spec: (DPQuery.fileName, query), wallSeconds: 60)
        try test.vote(.approve, on: job)
        try await test.lend { layout in await Self.killed(at: point, layout.root) }
        try Self.start(test)
        let entry = try end(test, job)
        try #require(entry.job.phase == .released, "\(entry.job.phase) \(entry.job.reasons) \(entry.explanation ?? "")")
        #expect(try test.evidenceFiles(job)["answer.json"] != nil)
        #expect(test.site.read { state in state.ledger.count } == 1)
        let privacy = try #require(try test.report(job).privacy)
        #expect(privacy.rho == "0.005" && privacy.budgetBefore == "0.005" && privacy.budgetAfter == "0")
        #expect(privacy.ledgerIndex == entry.payment?.index && privacy.ledgerIndex != nil)
        try expectOnce(test, job, resumed: 1, charges: 1)
    }

    @Test(.enabled(if: isReady, reason))
    func `a program over blocks whose supervisor is killed before its answer is made runs no second time`() async throws
    {
        var test = try ProgramSite.found(Self.image, ProgramSite.policy())
        let job = try test.submit(ProgramSite.plan(test, ProgramSite.honest))
        try test.vote(.approve, on: job)
        try await test.lend { layout in await Self.killed(at: .blocks, layout.root) }
        try Self.start(test)
        let entry = try end(test, job)
        try #require(entry.job.phase == .released, "\(entry.job.phase) \(entry.job.reasons) \(entry.explanation ?? "")")
        try expectOnce(test, job, resumed: 1, charges: 1)
    }

    @Test(.enabled(if: isReady, reason))
    func `what was kept for the checks and changed meanwhile is not decided on`() async throws {
        var test = try TestSite(image: Self.image)
        let job = try tableJob(test, wallSeconds: 20)
        try await test.lend { layout in
            await Self.killed(at: .collected, layout.root)
            let path = layout.sealed + "/\(job).frozen"
            var bytes = try StateFile.read(path)
            bytes[bytes.count / 2] ^= 1
            try StateFile.write(bytes, to: path)
        }
        try Self.start(test)
        let entry = try end(test, job)
        #expect(entry.job.phase == .errored && entry.job.reasons == ["output.lost"])
        #expect(try test.report(job).outputs.released.isEmpty && !StateFile.exists(frozen(test, job)))
    }

    @Test(.enabled(if: isReady, reason), arguments: [JobPhase.cancelled, .errored, .withheld])
    func `what a run left is not checked once the job is cancelled, given up or refused`(phase: JobPhase) async throws {
        var test = try TestSite(image: Self.image)
        let job = try tableJob(test, wallSeconds: 20)
        try await test.lend { layout in await Self.killed(at: .collected, layout.root) }
        switch phase {
        case .cancelled: try test.cancel(job)
        // As it stands when supervisor after supervisor has died over the checks, or one right after it refused.
        case .errored: for _ in 1...3 { try test.site.transition(job, .checkResumed) }
        default: try test.site.transition(job, .checked(.withhold), fields: [("verdict", "withhold")])
        }
        try Self.start(test)
        let entry = try end(test, job)
        #expect(entry.job.phase == phase)
        let reasons: [JobPhase: [String]] = [.errored: ["job.interrupted"], .withheld: ["output.not-released"]]
        #expect(entry.job.reasons == reasons[phase] ?? [])
        #expect(try test.report(job).outputs.released.isEmpty && !StateFile.exists(frozen(test, job)))
        let records = try SiteLog.records(test.site.log)
        // That the checks never ended shows in private fields alone.
        #expect(records.count { $0.kind == .outputChecked } == (phase == .cancelled ? 0 : 1))
        #expect(records.count { $0.json["change"]?.string == "output.checked" } == (phase == .withheld ? 1 : 0))
    }

    @Test func `a task whose supervisor died when its files were collected is released without a second run`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        let task: JSONValue = ["executors": [["image": "alpine", "command": ["true"]]]]
        let id = try site.createTask(place.alice, TaskDocument(json: task), idempotency: nil)
        let steps: [JobChange] = [
            .accepted(needsApproval: false), .dequeued(executor: "local", node: "localhost"),
            .starting(run: 1, nonce: .zero), .staged(measured: .zero), .started, .ended(.exit(0)),
        ]
        for step in steps { try site.transition(id, step) }
        let (runner, entry) = (JobRunner(site: site, job: id), try #require(try site.entry(id)))
        let facts = RunFacts(start: Machine.now(), end: Machine.now())
        var draft = try ReportMaker(site: site).draft(of: id, facts: facts)
        let files = [Decision.File("out.txt", Array("out".utf8))]
        let evidence = Array(#"{"tier":"verbatim"}"#.utf8)
        draft.take(.verbatim(files), disclosure: evidence)
        let bundle = try ReleaseBundle(files, pad: entry.rules.output.channels.pad)
        let sealed = try runner.seal(entry, bundle.bytes, evidence, draft).sealed
        try site.transition(id, .collected(commitment: .zero), details: [("sealed", sealed.json)])
        site.close()
        let again = try Site(opening: place.layout)
        defer { again.close() }
        try Engine(site: again, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }).start()
        #expect(eventually { again.read { state in state.jobs[id]?.job.cleanup == .done } })
        let job = try #require(try again.entry(id)).job
        #expect(job.phase == .released && job.runs.count == 1, "\(job.phase) \(job.reasons)")
        #expect(try SiteLog.records(again.log).count { $0.job == id && $0.kind == .outputReleased } == 1)
    }
}
