import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxPrivacy
import GloveboxStore
import GloveboxTransparency
import Logging
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Releases that leave by themselves while the supervisor is killed.
@Suite(.serialized) struct AutomaticReleaseTests {
    private static let image = TestPrograms.image("python")
    private static let isReady = image != nil && TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private static let reason: Comment = "needs GLOVEBOX_FAIR_CSV and the image python"

    /// Where a supervisor dies.
    enum Point: String, CaseIterable, Codable {
        /// When the log has the decision.
        case decided
        /// When the log has the intent, before there is a report.
        case intended
    }

    /// Works at a site until its first job has come to a point, and dies there of `kill -9`.
    private static func die(at point: Point, _ root: String) throws -> Never {
        let site = try Site(opening: SiteLayout(root: root))
        try site.reports.withLock { _ in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            try Engine(site: site, logger: logger).start()
            for _ in 0..<600_000 {
                let isThere = site.read { state in
                    state.open.compactMap { state.jobs[$0] }.contains {
                        point == .decided ? $0.sealed != nil : $0.job.phase == .releasing
                    }
                }
                if isThere { kill(getpid(), SIGKILL) }
                usleep(100)
            }
        }
        exit(3)
    }

    private func end(_ test: TestSite, _ job: String) throws -> JobEntry {
        for _ in 0..<6 {
            let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
            if entry.job.cleanup == .done { return entry }
        }
        return try test.entry(job)
    }

    @Test(.enabled(if: isReady, reason), arguments: Point.allCases)
    func `a supervisor killed between decision and report goes on from there, and releases once`(
        point: Point
    ) async throws {
        var test = try TestSite(image: Self.image)
        let program = try TestSite.text(TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py")
        let job = try test.submit(program, wallSeconds: 2)
        try test.vote(.approve, on: job)
        try await test.lend { layout in
            let root = layout.root
            await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String, point = point as Point] in
                try Self.die(at: point, root)
            }
        }
        let found = try test.entry(job)
        #expect(found.sealed != nil && found.reportIndex == nil && test.hasSealed(job))
        #expect(point == .decided || found.job.phase == .releasing)
        try test.start()
        let entry = try end(test, job)
        try #require(entry.job.phase == .released, "\(entry.job.phase) \(entry.job.reasons)")
        let receipt = try test.shownReceipt(job)
        let table = try #require(receipt["table.csv"])
        #expect(String(decoding: table, as: UTF8.self).hasPrefix("rate_marriage,"))
        let report = try test.report(job)
        #expect(report.outcome == .released && report.jail.readback != nil && report.keyBinding != nil)
        #expect(report.outputs.released.map(\.digest) == [Machine.sha256(table)])
        let kinds = try SiteLog.records(test.site.log).filter { $0.job == job }.map(\.kind)
        let once: [EventKind] = [.outputChecked, .outputApproved, .releaseIntent, .attestationIssued, .outputReleased]
        for kind in once { #expect(kinds.count { $0 == kind } == 1, "\(kind)") }
        #expect(kinds.count { $0 == .jobStarting } == 1 && !kinds.contains(.jobInterrupted))
        let lineage = try test.site.dataset(named: "fair").lineage
        #expect(try ReleaseHistory(site: test.site, lineage: lineage).jobs() == [job])
        #expect(!test.hasSealed(job), "what is released is destroyed")
        let findings = try test.findings().filter { $0.code != "audit.heartbeat" }
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(.enabled(if: isReady, reason))
    func `a decided release whose sealed bytes were changed meanwhile does not leave`() async throws {
        var test = try TestSite(image: Self.image)
        let program = try TestSite.text(TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py")
        let job = try test.submit(program, wallSeconds: 2)
        try test.vote(.approve, on: job)
        try await test.lend { layout in
            let root = layout.root
            await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
                try Self.die(at: .intended, root)
            }
            var bytes = try StateFile.read(layout.sealed + "/" + job)
            bytes[bytes.count / 2] ^= 1
            try StateFile.write(bytes, to: layout.sealed + "/" + job)
        }
        try test.start()
        let entry = try end(test, job)
        #expect(entry.job.phase == .withheld && entry.job.reasons == ["review.interrupted"], "\(entry.job.phase)")
        #expect(try test.report(job).outputs.released.isEmpty && !test.hasSealed(job))
    }

    @Test(.enabled(if: isReady, reason))
    func `an answer that was paid for is known to the next who asks, though the supervisor was killed`() async throws {
        var test = try TestSite(image: Self.image)
        let policy = try TestSite.text(TestPrograms.repository + "/Policies/dp-query.yaml")
            .replacing("name: dp-query", with: "name: dp-test").replacing("15m", with: "1s")
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: policy))
        let query =
            #"{"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"fair","query":{"kind":"count"},"rho":"0.005"}"#
        func ask() throws -> String {
            let job = try test.submit("pass\n", policy: "dp-test", spec: (DPQuery.fileName, query), wallSeconds: 2)
            try test.vote(.approve, on: job)
            return job
        }
        let first = try ask()
        try await test.lend { layout in
            let root = layout.root
            await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
                try Self.die(at: .decided, root)
            }
        }
        try test.start()
        #expect(try end(test, first).job.phase == .released)
        let answer = try test.shownReceipt(first)["answer.json"]
        let second = try ask()
        #expect(try end(test, second).job.phase == .released)
        #expect(try test.shownReceipt(second)["answer.json"] == answer, "no second draw")
        #expect(test.site.read { state in state.ledger.count } == 1, "and no second charge")
    }
}
