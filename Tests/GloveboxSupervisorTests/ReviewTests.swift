import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Releases that people decide on.
@Suite(.serialized) struct ReviewTests {
    private static let isReady = ReviewedSite.isReady

    /// A job that two people decide on.
    private func waiting() throws -> (TestSite, String) {
        let reviewed = try ReviewedSite()
        return (reviewed.test, reviewed.job)
    }

    private func ended(_ test: TestSite, _ job: String) throws -> JobEntry {
        try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `two people release what the policy leaves to them, and neither sees the other's word before`() throws {
        let (test, job) = try waiting()
        let waiting = try #require(test.inbox(.first).first { $0.job == job })
        let shown = try test.release(job, as: .first)
        #expect(waiting.release == shown.bundle && waiting.quorum.need == 2 && waiting.quorum.have == 0)
        #expect(test.inbox(.researcher).isEmpty, "who asked is not asked")
        #expect(shown.files.map(\.path) == ["table.csv", "disclosure.json"])
        #expect(shown.quorum.need == 2 && shown.quorum.have == 0)
        let record = try JSONReader.read(#require(shown.files.last?.content))
        #expect(record["checks"]?.array?.contains { $0["id"] == "row_leak" } == true)
        #expect(record["policy"]?["limits"]?.array?.isEmpty == false)
        #expect(throws: GloveboxError("approval.separation", "")) { try test.release(job, as: .researcher) }
        #expect(throws: GloveboxError("approval.separation", "")) {
            try test.verdict(.approve, on: job, by: .researcher)
        }
        #expect(throws: GloveboxError("review.changed", "")) {
            try test.verdict(.approve, on: job, by: .first, bundle: .zero)
        }
        #expect(try test.verdict(.approve, on: job, by: .first).quorum.have == 1)
        #expect(throws: GloveboxError("object.conflict", "")) { try test.verdict(.refuse, on: job, by: .first) }
        #expect(test.inbox(.first).isEmpty && test.inbox(.second).map(\.quorum.have) == [1])
        let blind = try test.release(job, as: .second)
        #expect(blind.verdicts.isEmpty && blind.quorum.have == 1)
        usleep(300_000)
        #expect(try test.entry(job).job.phase == .awaitingReview, "one is not enough")
        try test.verdict(.approve, on: job, by: .second)
        #expect(test.inbox(.second).isEmpty)
        let entry = try ended(test, job)
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let receipt = try test.shownReceipt(job)
        let final = try JSONReader.read(#require(receipt[EvidenceFiles.disclosure]))
        let reviews = try #require(final["reviews"]?.array)
        #expect(
            reviews.map { $0["verdict"] } == ["approve", "approve"] && reviews.allSatisfy { $0["reviewer"] == nil }
        )
        #expect(final["bundle_sha256"]?.string == shown.bundle.hex, "what they saw is what left")
        let figures = test.site.figures.metrics.map(\.text).joined()
        for line in [
            #"runs_total{executor="local",result="private"} 1"#, #"job_transitions_total{to="released"} 1"#,
            #"release_decisions_total{tier="recomputed",decision="people.release"} 1"#, "queue_wait_seconds_count 1",
        ] { #expect(figures.contains("glovebox_\(line)\n"), "\(line) is missing in\n\(figures)") }
        #expect(try test.findings().isEmpty)
        let votes = try SiteLog.records(test.site.log).filter { $0.kind == .reviewVoted }
        #expect(votes.count == 2 && votes.allSatisfy { $0.job == job })
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `who does research in a project has no word on its releases, reviewer or not`() throws {
        let test = try TestSite()
        let both = try test.site.createAccount(name: "bo", roles: [.researcher, .reviewer], by: nil).account
        let reviewer = test.reviewer.caller.account
        try test.register("flu", members: [both: [.researcher, .reviewer], reviewer: [.reviewer]])
        let state = test.site.read { state in state }
        #expect(state.mayReview(both, of: "flu"), "of plans of others")
        #expect(throws: GloveboxError("approval.separation", "")) { try state.requireOutsider(both, of: "flu") }
        try state.requireOutsider(reviewer, of: "flu")
        try state.requireOutsider(both, of: "gout")
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `a reviewer is shown the last release of the same project and data beside the one that waits`() throws {
        let (test, job) = try waiting()
        let first = try test.release(job, as: .first)
        #expect(first.earlier == nil)
        for looker in [TestSite.Looker.first, .second] { try test.verdict(.approve, on: job, by: looker) }
        try #require(try ended(test, job).job.phase == .released)
        try test.register("flu")
        let program = try TestSite.text(TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py")
        func wait(_ project: String?) throws -> ReleaseReview {
            let next = try test.submit(program, policy: "by-people", wallSeconds: 2, project: project)
            try test.vote(.approve, on: next)
            let entry = try test.wait(for: next) { $0.job.phase == .awaitingReview || $0.job.phase.isTerminal }
            try #require(entry.job.phase == .awaitingReview, "\(entry.job.phase) \(entry.explanation ?? "")")
            return try test.release(next, as: .second)
        }
        let again = try #require(try wait(nil).earlier)
        #expect(again.job == job && again.files == Array(first.files.dropLast()), "as it left")
        #expect(try wait("flu").earlier == nil, "what another project was given is not this one's reviewers' to see")
    }

    @Test(.enabled(if: isReady, ReviewedSite.reason))
    func `one refusal withholds a release, and is told when both have spoken`() throws {
        let (test, job) = try waiting()
        try test.verdict(.refuse, on: job, by: .first)
        usleep(300_000)
        #expect(try test.entry(job).job.phase == .awaitingReview && test.release(job, as: .second).verdicts.isEmpty)
        try test.verdict(.approve, on: job, by: .second)
        let entry = try ended(test, job)
        #expect(entry.job.phase == .withheld && entry.job.reasons == ["review.refused"])
        let report = try test.report(job)
        #expect(report.outputs.released.isEmpty && !report.outputs.withheld.isEmpty)
        #expect(try test.findings().isEmpty)
    }
}
