import Glibc
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxJail
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A site with runs that have come as far as asking for their key.
struct KeyDoorSite {
    let test: TestSite
    var site: Site { test.site }

    init() throws { self.init(try TestSite()) }

    init(_ test: TestSite) { self.test = test }

    /// The same at a site that is there.
    init(at test: TestSite) { self.test = test }

    /// A job that is approved and starting.
    func starting() throws -> String {
        let job = try test.submit("print(1)\n")
        try test.vote(.approve, on: job)
        try site.transition(job, .accepted(needsApproval: true))
        guard case .approved(let votes, _) = try test.entry(job).tally.state(at: Machine.now()) else {
            throw GloveboxError("test", "the plan is not approved")
        }
        try site.transition(job, .approved(approvals: votes.map(\.digest)))
        try site.transition(job, .dequeued(executor: "local", node: "localhost"))
        try site.transition(job, .starting(run: 1, nonce: .zero), fields: [("run", "1")])
        return job
    }

    /// The way to the job's key, on this site or on it opened again.
    func door(_ job: String, _ again: Site? = nil) throws -> KeyDoor {
        let site = again ?? site
        let entry = try #require(site.read { state in state.jobs[job] })
        var facts = RunFacts(start: Machine.now(), end: Machine.now())
        facts.filter = Machine.sha256(try ShippedProfiles.named(Site.profileName).compiled())
        return KeyDoor(
            site: site,
            entry: entry,
            datasets: [try site.dataset(named: "fair")],
            facts: facts
        )
    }

    /// Kinds of what the log has of a job about its key.
    func logged(_ job: String) throws -> [EventKind] {
        try SiteLog.records(site.log).filter { $0.job == job }.map(\.kind).filter {
            $0 == .budgetSpent || $0 == .keyReleased
        }
    }

    /// Every grant that the broker's ledger has.
    func grants() throws -> [KeyGrant] {
        site.broker.relaunch { _ in }
        return try site.broker.greet(knowing: nil).grants
    }

    /// The site, opened again as after the supervisor's end.
    func reopened(knowing change: () throws -> Void = {}) throws -> Site {
        site.close()
        try change()
        return try Site(opening: site.layout)
    }
}
