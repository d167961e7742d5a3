import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

@Suite(.serialized) struct RedactionTests {
    private let layout: SiteLayout
    private let owner = Caller(account: "acc_owner", name: "o", roles: [.owner])
    private let other = Caller(account: "acc_other", name: "p", roles: [.operator])

    init() throws {
        layout = SiteLayout(root: try TestPrograms.scratch())
        let founded = Instant(seconds: Machine.now().seconds)
        let configuration = SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: founded)
        try SiteFounding.found(layout, configuration: configuration, policies: ShippedPolicies.documents())
    }

    /// The index of the last event of a kind.
    private func last(_ kind: EventKind, _ site: Site) throws -> UInt64 {
        try #require(try SiteLog.records(site.log).last { $0.kind == kind }).index
    }

    private func request(_ entry: UInt64, _ reason: String = "gdpr-17") -> RedactionRequest {
        RedactionRequest(entry: entry, reason: reason)
    }

    @Test func `two accounts erase a name, and every proof stays valid`() throws {
        var site = try Site(opening: layout)
        let made = try site.createAccount(name: "alice-lovelace", roles: [.researcher], by: nil)
        let entry = try last(.userCreated, site)
        let leaf = try site.log.entry(entry).leaf
        #expect(try site.redact(owner, request(entry)).quorum.have == 1)
        #expect(throws: GloveboxError("approval.separation", "")) { try site.redact(owner, request(entry)) }
        #expect(throws: GloveboxError("object.conflict", "")) { try site.redact(other, request(entry, "other")) }
        #expect(try site.authenticate(token: made.token).name == "alice-lovelace")
        #expect(try site.redact(other, request(entry)).quorum.have == 2)
        #expect(throws: GloveboxError("object.conflict", "")) { try site.redact(other, request(entry)) }
        let kinds = try SiteLog.records(site.log).suffix(3).map(\.kind)
        #expect(kinds == [.approvalGiven, .redactionPerformed, .keyDestroyed])

        for _ in 0..<2 {
            #expect(throws: GloveboxError.self) { try site.authenticate(token: made.token) }
            #expect(site.read { state in state.accounts[made.account]?.name } == "erased")
            #expect(try site.log.entry(entry).isErased && site.log.entry(entry).leaf == leaf)
            for index in 0..<site.log.size { _ = try site.log.proof(index) }
            site.close()
            site = try Site(opening: layout)
        }
        let found = try TestPrograms.run("/bin/grep", ["-rlaF", "alice-lovelace", layout.root])
        #expect(found.status == 1, "\(found.output)")
    }

    @Test func `refuses to erase what the site rests on`() throws {
        let site = try Site(opening: layout)
        #expect(throws: GloveboxError("redaction.refused", "")) {
            try site.redact(owner, request(last(.policyPublished, site)))
        }
        #expect(throws: GloveboxError("object.not-found", "")) { try site.redact(owner, request(site.log.size)) }
        _ = try site.setPaused(true, owner, reason: "because Bob said so")
        let paused = try last(.sitePaused, site)
        _ = try site.redact(owner, request(paused))
        _ = try site.redact(other, request(paused))
        #expect(site.read { state in state.isPaused })
        site.close()
        #expect(try Site(opening: layout).read { state in state.isPaused }, "what it did stays done")
    }

    @Test func `a body that is gone without a redaction is reported`() throws {
        let site = try Site(opening: layout)
        let entry = try last(.userCreated, site)
        try site.log.destroyBody(entry) { (keys) throws(GloveboxError) in
            try StateFile.replaceSecret(keys, at: layout.nodeKeys + "/bodies.key")
        }
        site.close()
        let error = #expect(throws: GloveboxError("audit.body-missing", "")) { try Site(opening: layout) }
        #expect(error?.message.contains("entry \(entry)") == true)
    }

    @Test func `a redaction cut short by a crash is finished at the next start`() throws {
        var site = try Site(opening: layout)
        _ = try site.createAccount(name: "bob", roles: [.researcher], by: nil)
        let entry = try last(.userCreated, site)
        _ = try site.redact(owner, request(entry))
        // As after a crash between the event and the key's end.
        let record = try SiteLog.record(entry, of: site.log)
        try site.record(
            Event(kind: .redactionPerformed, actor: other.account),
            ["entry": .string(String(entry)), "remainder": try Redaction.remainder(of: record)]
        )
        site.close()
        site = try Site(opening: layout)
        #expect(try !site.log.entry(entry).isErased)
        try site.begin()
        #expect(try site.log.entry(entry).isErased)
        #expect(
            try SiteLog.records(site.log).contains {
                $0.kind == .keyDestroyed && $0.json["entry"]?.string == "\(entry)"
            }
        )
        site.close()
        let size = try Site(opening: layout).log.size
        #expect(size > entry)
    }
}
