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

/// Releases that reviewers send back.
extension SealedReleaseTests {
    @Test(.enabled(if: ReviewedSite.isReady, ReviewedSite.reason))
    func `a release that is sent back is answered, and everyone speaks anew, after a restart, too`() throws {
        var site = try ReviewedSite.waiting()
        defer { site.giveBack() }
        let job = site.job
        try site.test.start()
        let before = try site.test.release(job, as: .first)
        #expect(throws: GloveboxError("job.phase", "")) { try site.test.answer(job, ReleaseAnswer(message: "early")) }
        try site.test.sendBack(job)
        let asked = try site.test.info(job)
        #expect(asked.rounds == [ReviewRound(comments: ["because"], answer: nil)], "those who approve are not told of")
        #expect(asked.waiting?.code == .reviewReturned && asked.waiting?.waitingOn == [.submitter])
        #expect(asked.waiting?.deadline == asked.since.adding(seconds: 14 * 86400))
        #expect(site.test.inbox(.first).isEmpty && site.test.inbox(.second).isEmpty)

        try site.restart()
        try site.test.start()
        #expect(try site.test.info(job).rounds == asked.rounds)
        func refused(_ code: String, _ answer: ReleaseAnswer, as looker: TestSite.Looker = .researcher) {
            #expect(throws: GloveboxError(code, "")) { try site.test.answer(job, answer, as: looker) }
        }
        refused("auth.forbidden", ReleaseAnswer(message: "mine"), as: .first)
        refused("output.unknown", ReleaseAnswer(message: "less", drop: ["disclosure.json"]))
        refused("output.unknown", ReleaseAnswer(message: "nothing", drop: ["table.csv"]))
        refused("output.unknown", ReleaseAnswer(message: "more", notes: [.init(path: "other.csv", text: "t")]))
        let note = ReleaseAnswer.Note(path: "table.csv", text: "all marriages")
        let answer = ReleaseAnswer(message: "every \u{1b}woman asked", notes: [note])
        try site.test.answer(job, answer)
        refused("job.phase", answer)
        #expect(try site.test.entry(job).job.phase == .awaitingReview)

        try site.restart()
        try site.test.start()
        let again = try site.test.release(job, as: .second)
        #expect(again.bundle == before.bundle && again.evidence != before.evidence && again.quorum.have == 0)
        #expect(again.rounds.map(\.answer) == [answer])
        #expect(Set(again.rounds[0].verdicts.map(\.verdict)) == ["return", "approve"])
        let record = try JSONReader.read(#require(again.files.last?.content))
        #expect(record["rounds"]?.array?.first?["answer"]?["message"]?.string == answer.message)
        #expect(throws: GloveboxError("review.changed", ""), "a word of the round before") {
            try site.test.verdict(.approve, on: job, by: .first, evidence: before.evidence)
        }
        for looker in [TestSite.Looker.first, .second] { try site.test.verdict(.approve, on: job, by: looker) }
        let entry = try site.end()
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let final = try JSONReader.read(#require(try site.test.shownReceipt(job)[EvidenceFiles.disclosure]))
        #expect(final["reviews"]?.array?.count == 2 && final["bundle_sha256"]?.string == before.bundle.hex)
        let round = try #require(final["rounds"]?.array?.first)
        #expect(round["reviews"]?.array?.allSatisfy { $0["reviewer"] == nil } == true && round["time"] == nil)
        #expect(try site.findings().isEmpty)
        let kinds = try SiteLog.records(site.test.site.log).filter { $0.job == job }.map(\.kind)
        #expect(kinds.filter { $0 == .reviewVoted }.count == 4)
        #expect(kinds.filter { $0 == .releaseReturned || $0 == .releaseResubmitted }.count == 2)
    }

    @Test(.enabled(if: ReviewedSite.isReady, ReviewedSite.reason))
    func `a release that was sent back ends when what was sealed is lost, and can be withdrawn`() throws {
        var site = try ReviewedSite.waiting()
        defer { site.giveBack() }
        try site.test.start()
        try site.test.sendBack(site.job)
        let job = site.job
        try site.restart { layout in try #require(unsafe unlink("\(layout.sealed)/\(job)") == 0) }
        #expect(throws: GloveboxError("review.interrupted", "")) {
            try site.test.answer(job, ReleaseAnswer(message: "here"))
        }
        try site.test.start()
        let entry = try site.end()
        #expect(entry.job.phase == .expired && entry.job.reasons == ["review.interrupted"])
        #expect(try site.test.report(job).outputs.released.isEmpty)
        #expect(try site.findings().isEmpty)
    }
}
