import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Releases that wait for people while the supervisor stops and starts.
@Suite(.serialized) struct SealedReleaseTests {
    private static let isReady = ReviewedSite.isReady
    /// `Deploy/test --long` asks for every step.
    static let isLong = TestPrograms.variable("GLOVEBOX_LONG") != nil

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `a sealed release outlives its supervisor, and leaves as it was sealed`() throws {
        var reviewed = try ReviewedSite.waiting()
        defer { reviewed.giveBack() }
        let job = reviewed.job
        let before = try reviewed.test.release(job, as: .first)
        try reviewed.test.verdict(.approve, on: job, by: .first)
        let stored = try StateFile.read(reviewed.test.layout.sealed + "/" + job)
        #expect(!String(decoding: stored, as: UTF8.self).contains("table.csv"), "it is encrypted")
        try reviewed.restart()
        let test = reviewed.test
        try test.start()
        #expect(test.inbox(.first).isEmpty && test.inbox(.second).map(\.quorum.have) == [1], "the first has spoken")
        let shown = try test.release(job, as: .second)
        #expect(shown.bundle == before.bundle && shown.files.map(\.content) == before.files.map(\.content))
        try test.verdict(.approve, on: job, by: .second)
        let entry = try reviewed.end()
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let receipt = try test.shownReceipt(job)
        #expect(receipt["table.csv"] == before.files.first?.content)
        let report = try test.report(job)
        #expect(report.jail.readback != nil && report.keyBinding != nil, "the report tells the run as it was")
        #expect(report.startStatement != nil && receipt[EvidenceFiles.start] != nil)
        let record = try JSONReader.read(#require(receipt[EvidenceFiles.disclosure]))
        #expect(record["reviews"]?.array?.count == 2 && record["bundle_sha256"]?.string == shown.bundle.hex)
        let issued = try SiteLog.records(test.site.log).first { $0.job == job && $0.kind == .attestationIssued }
        let whole = try Envelope(parsing: #require(issued?.json["record"]?.string.flatMap(Base64.decode)))
        let owners = try JSONReader.read(whole.payload)["predicate"]?["record"]
        let people = owners?["reviews"]?.array?.compactMap { $0["reviewer"]?.string } ?? []
        let reviewers = [TestSite.Looker.first, .second].map { test.person($0).caller.account }
        #expect(Set(people) == Set(reviewers), "the owner's copy names them")
        #expect(!test.hasSealed(job), "what is decided is destroyed")
        let findings = try reviewed.findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `a supervisor that dies at any step of a decision goes on from there, and releases once`() throws {
        var reviewed = try ReviewedSite.waiting()
        defer { reviewed.giveBack() }
        let job = reviewed.job
        let table = try reviewed.test.release(job, as: .first).files.first?.content
        try reviewed.test.verdict(.approve, on: job, by: .first)
        try reviewed.test.verdict(.approve, on: job, by: .second)
        let decided = try reviewed.kept()
        let sealed = try #require(try reviewed.test.entry(job).sealed)
        let steps: [(Site) throws -> Void] = [
            { try $0.transition(job, .reviewClosed(release: true)) },
            { try $0.record(Event(kind: .outputApproved, job: job, idempotencyKey: "output approved \(job)")) },
            {
                let event = Event(kind: .budgetSpent, job: job, idempotencyKey: "capacity spent \(job)")
                try $0.record(event, ["millibits": .integer(sealed.millibits)])
            },
            { try $0.transition(job, .releaseIntent(bundle: sealed.bundle)) },
            { try JobRunner(site: $0, job: job).report() },
            { try JobRunner(site: $0, job: job).publish() },
        ]
        for count in Self.isLong ? Array(0...steps.count) : [2, 4] {
            try reviewed.restore(decided)
            for step in steps.prefix(count) { try step(reviewed.test.site) }
            try reviewed.restart()
            let test = reviewed.test
            try test.start()
            let entry = try reviewed.end()
            #expect(entry.job.phase == .released, "after \(count) steps: \(entry.job.phase)")
            #expect(try test.shownReceipt(job)["table.csv"] == table, "after \(count) steps")
            let kinds = try SiteLog.records(test.site.log).filter { $0.job == job }.map(\.kind)
            for kind in [.reviewClosed, .outputApproved, .releaseIntent, .outputReleased, .attestationIssued]
                as [EventKind]
            {
                #expect(kinds.count { $0 == kind } == 1, "after \(count) steps: \(kind)")
            }
            #expect(!test.hasSealed(job), "after \(count) steps")
        }
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `what is not in every byte as it was sealed does not leave`() throws {
        var reviewed = try ReviewedSite.waiting()
        defer { reviewed.giveBack() }
        let job = reviewed.job
        let still = try reviewed.kept()
        try reviewed.restore(still) { layout in
            let path = layout.sealed + "/" + job
            var bytes = try StateFile.read(path)
            bytes[bytes.count / 2] ^= 1
            try StateFile.write(bytes, to: path)
        }
        #expect(throws: GloveboxError("job.phase", "")) { try reviewed.test.release(job, as: .first) }
        try reviewed.test.start()
        let entry = try reviewed.end()
        #expect(entry.job.phase == .withheld && entry.job.reasons == ["review.interrupted"])
        #expect(try reviewed.test.report(job).outputs.released.isEmpty && !reviewed.test.hasSealed(job))

        try reviewed.restore(still)
        let path = reviewed.test.layout.sealed + "/" + job
        func found() throws -> PendingRelease? { try reviewed.test.site.pending.find(reviewed.test.entry(job)) }
        let pending = try #require(try found())
        let bytes = try StateFile.read(path)
        try StateFile.write(Array(bytes.dropLast(40)), to: path)
        #expect(try found() == nil, "cut")
        try StateFile.write(bytes, to: path)
        #expect(try found() != nil)
        unsafe unlink(path)
        #expect(try found() == nil, "gone")
        // Another release under this one's name: sealed by the same key, but not what the log names.
        let other = PendingRelease(draft: pending.draft, evidence: CanonicalJSON.encode(["other": true]))
        _ = try reviewed.test.site.pending.keep(other, for: job)
        #expect(try found() == nil, "another")
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `a review that nobody ends expires after fourteen days, with a report and nothing left of it`() throws {
        let reviewed = try ReviewedSite.waiting()
        defer { reviewed.giveBack() }
        let job = reviewed.job
        try reviewed.test.verdict(.approve, on: job, by: .first)
        let test = reviewed.test
        let since = try #require(try test.entry(job).job.transitions.last?.at)
        let ends = Job.roundUp(since, try test.entry(job).tick).adding(seconds: 14 * 86400)
        let clock = Clock(ends.adding(seconds: -3600))
        try test.start { clock.read() }
        let watcher = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        let waiting = try #require(try test.site.info(job, for: watcher).waiting)
        #expect(waiting.deadline == ends)
        clock.waitForLook(of: test.site)
        #expect(try test.entry(job).job.phase == .awaitingReview, "an hour is left")
        clock.set(ends)
        test.site.bell.ring()
        let entry = try reviewed.end()
        #expect(entry.job.phase == .expired && !test.hasSealed(job))
        let report = try test.report(job)
        #expect(report.outcome == .refused && report.outputs.released.isEmpty)
        #expect(Set(report.outputs.withheld.map(\.reason)) == ["review.expired"])
        let receipt = try test.shownReceipt(job)
        let record = try JSONReader.read(#require(receipt[EvidenceFiles.disclosure]))
        #expect(record["bundle_sha256"] == nil && record["files"] == [], "a digest lets one guess a table")
        #expect(throws: GloveboxError("job.phase", "")) { try test.release(job, as: .second) }
        let findings = try reviewed.findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `what was sealed and never named by the log is destroyed`() throws {
        var reviewed = try ReviewedSite.waiting()
        defer { reviewed.giveBack() }
        let job = try KeyDoorSite(at: reviewed.test).starting()
        let directory = reviewed.test.layout.sealed
        for name in [job, job + ".new"] { try StateFile.write([1, 2, 3], to: directory + "/" + name) }
        try reviewed.restart()
        let test = reviewed.test
        try test.start()
        let entry = try test.wait(for: job) { $0.job.cleanup == .done }
        #expect(entry.job.phase == .errored && !test.hasSealed(job) && !test.hasSealed(job + ".new"))
        #expect(test.hasSealed(reviewed.job), "what waits stays")
    }
}

/// A clock that a test sets.
private final class Clock: Sendable {
    private let state: Mutex<(now: Instant, looks: Int)>

    init(_ now: Instant) { state = Mutex((now, 0)) }

    func read() -> Instant {
        state.withLock {
            $0.looks += 1
            return $0.now
        }
    }

    func set(_ now: Instant) { state.withLock { $0.now = now } }

    /// Waits until the engine has looked once more.
    func waitForLook(of site: Site) {
        let before = state.withLock { $0.looks }
        site.bell.ring()
        // The second look comes after whatever followed from the first.
        for _ in 0..<3000 where state.withLock({ $0.looks }) < before + 2 {
            usleep(10_000)
            site.bell.ring()
        }
    }
}
