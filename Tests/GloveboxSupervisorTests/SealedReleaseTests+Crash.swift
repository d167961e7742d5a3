import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A real supervisor that is killed again and again while it carries out what two people decided.
extension SealedReleaseTests {
    /// How often it is done all over again, each time with kills a little later.
    private static let rounds = isLong ? 12 : 1

    /// Kills it some time after the log has grown so many times since its start; false when it stood still for two seconds
    /// before.
    private func killed(_ layout: SiteLayout, after growths: Int, and milliseconds: Int) throws -> Bool {
        let path = layout.root + "/log/checkpoint"
        let arguments = ["serve", "--state", layout.root, "--accept-disk"]
        let before = try StateFile.read(path)
        let (process, output) = try TestPrograms.start(TestPrograms.path("gloveboxd"), arguments)
        var (last, seen, still) = (before, 0, 0)
        // A start takes its time; what follows from a decision comes at once.
        while seen < growths, still < (seen == 0 ? 30_000 : 2000) {
            usleep(1000)
            let now = try StateFile.read(path)
            (seen, still) = now == last ? (seen, still + 1) : (seen + 1, 0)
            last = now
        }
        usleep(UInt32(1000 * milliseconds))
        process.kill()
        _ = try process.wait()
        withExtendedLifetime(output) {}
        try #require(seen > 0, "it never started")
        return seen == growths
    }

    @Test(.enabled(if: ReviewedSite.isReady, ReviewedSite.reason))
    func `a supervisor that is killed while it releases loses nothing, and releases once`() throws {
        var reviewed = try ReviewedSite.waiting()
        defer { reviewed.giveBack() }
        let job = reviewed.job
        let table = try reviewed.test.release(job, as: .first).files.first?.content
        try reviewed.test.verdict(.approve, on: job, by: .first)
        try reviewed.test.verdict(.approve, on: job, by: .second)
        let decided = try reviewed.kept()
        var kills = 0
        for round in 0..<Self.rounds {
            try reviewed.restore(decided)
            try reviewed.restart { layout in
                for growths in 1...(Self.isLong ? 20 : 2) {
                    guard try killed(layout, after: growths, and: 3 * round) else { break }
                    kills += 1
                }
            }
            try reviewed.test.start()
            let entry = try reviewed.end()
            #expect(entry.job.phase == .released, "\(entry.job.phase)")
            #expect(try reviewed.test.shownReceipt(job)["table.csv"] == table)
            let kinds = try SiteLog.records(reviewed.test.site.log).filter { $0.job == job }.map(\.kind)
            for kind in [.reviewClosed, .outputApproved, .releaseIntent, .outputReleased] as [EventKind] {
                #expect(kinds.count { $0 == kind } == 1, "\(kind)")
            }
            #expect(!reviewed.test.hasSealed(job))
        }
        #expect(kills >= Self.rounds)
        print("killed \(kills) times")
    }
}
