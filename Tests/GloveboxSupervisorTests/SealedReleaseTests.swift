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

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `a sealed release outlives its supervisor, and leaves as it was sealed`() throws {
        var reviewed = try ReviewedSite()
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
        #expect(!test.hasSealed(job), "what is decided is destroyed")
        #expect(try test.findings().isEmpty)
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `a supervisor that dies at any step of a decision goes on from there, and releases once`() throws {
        var reviewed = try ReviewedSite()
        let job = reviewed.job
        try reviewed.restart()
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
            { try JobRunner(site: $0, job: job).conclude() },  // the report is there
            { try JobRunner(site: $0, job: job).publish() },
        ]
        for count in 0...steps.count {
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
        var reviewed = try ReviewedSite()
        let job = reviewed.job
        let still = try reviewed.kept()
        let damage: [(String) throws -> Void] = [
            { _ = unsafe unlink($0) },
            { path in
                var bytes = try StateFile.read(path)
                bytes[bytes.count / 2] ^= 1
                try StateFile.write(bytes, to: path)
            },
            { path in try StateFile.write(Array(StateFile.read(path).dropLast(40)), to: path) },
        ]
        for (number, change) in damage.enumerated() {
            try reviewed.restore(still) { layout in try change(layout.sealed + "/" + job) }
            let test = reviewed.test
            #expect(throws: GloveboxError("job.phase", "")) { try test.release(job, as: .first) }
            try test.start()
            let entry = try reviewed.end()
            #expect(entry.job.phase == .withheld && entry.job.reasons == ["review.interrupted"], "damage \(number)")
            #expect(try test.report(job).outputs.released.isEmpty && !test.hasSealed(job))
        }
        // Another release under this one's name: sealed by the same key, but not what the log names.
        try reviewed.restore(still)
        let pending = try #require(try reviewed.test.site.pending.find(reviewed.test.entry(job)))
        let other = PendingRelease(draft: pending.draft, evidence: CanonicalJSON.encode(["other": true]))
        _ = try reviewed.test.site.pending.keep(other, for: job)
        #expect(try reviewed.test.site.pending.find(reviewed.test.entry(job)) == nil)
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `a review that nobody ends expires after fourteen days, with a report and nothing left of it`() throws {
        var reviewed = try ReviewedSite()
        let job = reviewed.job
        try reviewed.test.verdict(.approve, on: job, by: .first)
        try reviewed.restart()
        let test = reviewed.test
        let since = try #require(try test.entry(job).job.transitions.last?.at)
        let clock = Clock(since.adding(seconds: 14 * 86400 - 3600))
        try test.start { clock.read() }
        let watcher = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        let waiting = try #require(try test.site.info(job, for: watcher).waiting)
        #expect(waiting.deadline == since.adding(seconds: 14 * 86400))
        clock.waitForLook(of: test.site)
        #expect(try test.entry(job).job.phase == .awaitingReview, "an hour is left")
        clock.set(since.adding(seconds: 14 * 86400))
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
        #expect(try test.findings().isEmpty)
    }

    @Test(.enabled(if: TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil, "needs GLOVEBOX_FAIR_CSV"))
    func `what was sealed and never named by the log is destroyed`() throws {
        let place = try KeyDoorSite()
        let job = try place.starting()
        let layout = place.site.layout
        try StateFile.makeDirectory(layout.sealed)
        for name in [job, job + ".new"] { try StateFile.write([1, 2, 3], to: layout.sealed + "/" + name) }
        try place.test.start()
        let entry = try place.test.wait(for: job) { $0.job.cleanup == .done }
        #expect(entry.job.phase == .errored && !place.test.hasSealed(job) && !place.test.hasSealed(job + ".new"))
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
