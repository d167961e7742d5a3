import Glibc
import GloveboxAPI
import GloveboxBroker
import GloveboxCore
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import Logging
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A site whose disk was put back from a snapshot beside a sign-lock that went on, and a mirror that has the rest.
@Suite(.serialized) struct SiteRecoveryTests {
    private static let caller = Caller(account: "acc_otto", name: "otto", roles: [.operator])
    private static let other = Caller(account: "acc_other", name: "p", roles: [.owner])
    private static let incomplete = GloveboxError("site.incomplete", "")

    private static func shell(_ script: String) throws {
        let outcome = try TestPrograms.run("/bin/sh", ["-ec", script])
        try #require(outcome.status == 0, "\(outcome.output)")
    }

    /// Keeps a snapshot of a closed site; what it does when called puts it back, but for the sign-lock and what is named,
    /// and returns where the log lies that went on.
    private static func snapshot(_ layout: SiteLayout) throws -> (_ except: [String]) throws -> String {
        let place = try TestPrograms.scratch()
        let root = layout.root
        try shell("cp -a \(root) \(place)/old && rm -r \(place)/old/sign-lock")
        return { except in
            let kept = (["sign-lock"] + except).map { "! -name \($0)" }.joined(separator: " ")
            try shell("cp -a \(root)/log \(place)/mirror")
            try shell("cd \(root); find . -mindepth 1 -maxdepth 1 \(kept) -exec rm -r {} +")
            try shell("cd \(place)/old; rm -rf \(except.joined(separator: " ")); cp -a . \(root)")
            return place + "/mirror"
        }
    }

    private static func recover(_ layout: SiteLayout, _ mirror: String) async throws -> SiteRecovery.Outcome {
        try await LogPlace.with(mirror) { source throws(GloveboxError) in
            try await SiteRecovery.recover(layout, from: source)
        }
    }

    private func founded() throws -> SiteLayout {
        let layout = SiteLayout(root: try TestPrograms.scratch())
        let now = Instant(seconds: Machine.now().seconds)
        let configuration = SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: now)
        try SiteFounding.found(layout, configuration: configuration, policies: ShippedPolicies.documents())
        return layout
    }

    @Test func `a site that lost nothing but starts and heartbeats goes on whole, which stands in the log`()
        async throws
    {
        var site = try TestSite()
        let putBack = try site.reopen { try Self.snapshot($0) }
        let size = site.site.log.size
        try site.site.begin()
        for _ in 0..<3 {
            try site.site.record(Event(kind: .checkpointPublished, fields: [("size", .string(String(size)))]))
        }
        _ = try site.site.setPaused(true, Self.caller, reason: "lunch")
        try site.site.end()
        let signed = site.site.log.checkpoint
        let full = site.site.log.size
        try await site.lend { layout in
            let mirror = try putBack([])
            #expect(throws: GloveboxError("log.rollback", "")) { try Site(opening: layout) }
            let outcome = try await Self.recover(layout, mirror)
            #expect(outcome.entries == size..<full && outcome.closed == nil)
            // As often as anybody likes, until the site has started.
            #expect(try await Self.recover(layout, mirror).entries == size..<full)
        }
        #expect(site.site.log.checkpoint == signed)
        #expect(site.site.read { state in state.isPaused }, "a leaf says so by itself")
        for _ in 0..<2 { try site.site.begin() }
        let told = try SiteLog.records(site.site.log).filter { $0.kind == .logRecovered }
        #expect(told.map(\.index) == [full])
        let own = try JSONReader.read(site.site.log.entry(full).leaf)["unmapped"]?["glovebox"]
        #expect(own?["from"]?.string == "\(size)" && own?["to"]?.string == "\(full)" && own?["unknown"]?.string == "0")
        // Its records as a witness are older than what it may have signed.
        #expect(try site.site.weaknesses().contains { $0.contains("cosigns nothing") })
        _ = try site.site.setPaused(false, Self.caller, reason: "back")
        _ = try site.submit("pass")
        try await site.lend { layout in
            let error = await #expect(throws: GloveboxError.self) { try await Self.recover(layout, layout.root) }
            #expect(error?.code == "log.complete")
        }
        site.site.close()
    }

    @Test(arguments: [[], ["index.sqlite"]])
    func `a site that cannot know what was decided meanwhile keeps its log, and does nothing else`(
        kept: [String]
    ) async throws {
        var site = try TestSite()
        let gus = try site.site.createAccount(name: "gus", roles: [.operator], by: nil)
        let putBack = try site.reopen { try Self.snapshot($0) }
        let job = try site.submit("pass")
        let caller = try site.site.authenticate(token: gus.token)
        _ = try site.site.revokeToken(caller, id: caller.token)
        site.site.writeIndex()
        try site.site.log.publish()
        let size = site.site.log.size
        try await site.lend { layout in
            let mirror = try putBack(kept)
            let outcome = try await Self.recover(layout, mirror)
            #expect(outcome.entries.upperBound == size)
            let message = try #require(outcome.closed).message
            #expect(message.contains("1 job.submitted") && message.contains("1 session.end"), "\(message)")
        }
        let ledger = site.site.read { state in state.brokerLedger?.count }
        // At once, from the index, and from the journal anew.
        for turn in 0..<3 {
            try site.site.begin()
            try Engine(site: site.site, logger: Logger(label: "test")).start()
            let before = site.site.log.size
            #expect(try site.site.entry(job) == nil)
            #expect(throws: Self.incomplete) { try site.submit("pass") }
            #expect(throws: Self.incomplete) { try site.site.createAccount(name: "x", roles: [.owner], by: nil) }
            #expect(throws: Self.incomplete) { try site.register("p") }
            #expect(throws: Self.incomplete) { try site.site.record(Event(kind: .budgetSpent, dataset: "fair")) }
            #expect(throws: Self.incomplete) { try site.site.record(Event(kind: .outputReleased, job: job)) }
            // The token was revoked, and nobody knows which.
            #expect(throws: Self.incomplete) { try site.site.authenticate(token: gus.token) }
            #expect(throws: Self.incomplete) {
                var collector = Collector(site: site.site, isDry: false)
                _ = try collector.collect()
            }
            #expect(site.site.log.size == before)
            #expect(site.site.read { state in state.brokerLedger?.count } == ledger)
            #expect(try site.site.weaknesses().contains { $0.contains("1 job.submitted") })
            try site.site.record(Event(kind: .checkpointPublished, fields: [("size", .string(String(before)))]))
            _ = try site.site.startExport(Self.caller, ExportRequest(withBodies: false))
            site.site.writeIndex()
            try site.reopen { layout in if turn == 1 { try Directory.remove(layout.index) } }
        }
        let told = try SiteLog.records(site.site.log).filter { $0.kind == .logRecovered }
        #expect(told.map(\.index) == [size])
        site.site.close()
    }

    @Test func `a body that was erased meanwhile does not come back with the older disk`() async throws {
        let layout = try founded()
        var site = try Site(opening: layout)
        let made = try site.createAccount(name: "alice-lovelace", roles: [.researcher], by: nil)
        let entry = site.log.size - 1
        site.close()
        let putBack = try Self.snapshot(layout)
        site = try Site(opening: layout)
        let request = RedactionRequest(entry: entry, reason: "gdpr-17")
        _ = try site.redact(Self.caller, request)
        _ = try site.redact(Self.other, request)
        try site.log.publish()
        site.close()
        let outcome = try await Self.recover(layout, try putBack([]))
        #expect(outcome.closed?.message.contains("1 redaction.performed") == true)
        for _ in 0..<2 {
            site = try Site(opening: layout)
            #expect(try site.log.entry(entry).isErased && !site.log.entry(entry).isRecovered)
            #expect(site.read { state in state.accounts[made.account] == nil })
            #expect(throws: GloveboxError.self) { try site.authenticate(token: made.token) }
            try site.begin()
            site.close()
        }
    }
}
