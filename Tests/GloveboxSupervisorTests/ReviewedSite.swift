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

/// A site whose policy leaves every table to two people, with a job that waits for them.
struct ReviewedSite {
    private(set) var test: TestSite
    let job: String
    private static let image = TestPrograms.image("python")
    static let isReady = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil && image != nil
    static let reason: Comment = "needs GLOVEBOX_FAIR_CSV and the image python"

    init() throws {
        test = try TestSite(image: Self.image)
        let policy = try TestSite.text(TestPrograms.repository + "/Policies/demo-table.yaml")
            .replacing("name: demo-table", with: "name: by-people")
            .replacing("auto: when-all-pass, otherwise: reject, reviewers: 1", with: "auto: never, otherwise: review")
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: policy))
        let program = try TestSite.text(TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py")
        job = try test.submit(program, policy: "by-people", wallSeconds: 2)
        try test.vote(.approve, on: job)
        try test.start()
        let entry = try test.wait(for: job) { $0.job.phase == .awaitingReview || $0.job.phase.isTerminal }
        try #require(entry.job.phase == .awaitingReview, "\(entry.job.phase) \(entry.explanation ?? "")")
    }

    // One job's run is enough for all tests that begin where it waits; one at a time has it.
    private static let shared = Mutex<(site: ReviewedSite, kept: String)?>(nil)

    /// A site at which nothing works yet, as it was when its job began to wait; to be given back.
    static func waiting() throws -> ReviewedSite {
        try shared.withLock { shared in
            if shared == nil {
                var made = try ReviewedSite()
                let kept = try made.kept()
                shared = (made, kept)
            }
            if let kept = shared?.kept { try shared?.site.restore(kept) }
            return try #require(shared?.site)
        }
    }

    /// Gives a site back to those who come after.
    func giveBack() { Self.shared.withLock { $0?.site = self } }

    /// Stops all work, as a supervisor that dies does, and opens the site again; in between others may work there.
    mutating func restart(_ meanwhile: (SiteLayout) throws -> Void = { _ in }) throws { try test.reopen(meanwhile) }

    /// Stops all work and keeps the state as it is, where ``restore(_:_:)`` finds it.
    mutating func kept() throws -> String {
        let still = try TestPrograms.scratch() + "/state"
        try test.reopen { layout in try Self.copy(layout.root, to: still) }
        return still
    }

    /// Puts a kept state in the place of what became of it, does something to it, and opens it; nothing works there yet.
    mutating func restore(_ still: String, _ change: (SiteLayout) throws -> Void = { _ in }) throws {
        try test.reopen { layout in
            // In the same directory: a copy of it would not be the log's own.
            try #require(try TestPrograms.run("/usr/bin/find", [layout.root, "-mindepth", "1", "-delete"]).status == 0)
            try Self.copy(still + "/.", to: layout.root)
            try change(layout)
        }
    }

    private static func copy(_ from: String, to: String) throws {
        try #require(try TestPrograms.run("/bin/cp", ["-a", from, to]).status == 0)
    }

    /// What an auditor would find missing in the log; not the heartbeats, since a kept state may be minutes old.
    func findings() throws -> [AuditFinding] { try test.findings().filter { $0.code != "audit.heartbeat" } }

    /// The job after all has been cleared away.
    func end() throws -> JobEntry {
        for _ in 0..<6 {
            let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
            if entry.job.cleanup == .done { return entry }
        }
        return try test.entry(job)
    }
}
