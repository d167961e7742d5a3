import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What an auditor gets of private bodies.
@Suite struct AuditTests {
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private let auditor = Caller(account: "acc_auditor", name: "audrey", roles: [.auditor])

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `an auditor gets every body that matches its leaf, no secret, and each access is logged first`() throws {
        let site = try TestSite().site
        let start = try site.startExport(auditor, ExportRequest())
        var from: UInt64 = 0
        var seen: [String: BodyDisclosure] = [:]
        while from < start.size {
            let page = try site.bodies(auditor, from: from)
            #expect(try kind(site.log.entry(site.log.size - 1)) == .logRead)
            for item in page.items {
                let body = try BodyDisclosure(json: item.json)
                let entry = try site.log.entry(body.index)
                guard case .event(let leaf) = entry.kind else { continue }
                let event = try PublicEvent(leaf, at: body.index)
                try body.check(against: event.bodyCommit)
                seen[event.kind.rawValue] = body
            }
            from = page.next.flatMap { UInt64($0) } ?? start.size
        }
        let account = try #require(seen["user.created"])
        #expect(account["name"] == "rolf" && account["token"] == nil)
        let dataset = try #require(seen["dataset.registered"])
        #expect(dataset["rowBucket"] != nil && dataset["wrappedKey"] == nil && dataset["wrappedLineageKey"] == nil)
        #expect(try kind(site.log.entry(start.index)) == .exportMade && start.size == start.index + 1)
        #expect(throws: GloveboxError("request.invalid", "")) { try site.bodies(auditor, from: 1 << 40) }
        #expect(throws: GloveboxError("object.not-found", "")) {
            try site.startExport(auditor, ExportRequest(job: "job_x"))
        }
    }

    private func kind(_ entry: LoggedEntry) throws -> EventKind? {
        guard case .event(let leaf) = entry.kind else { return nil }
        return try PublicEvent(leaf, at: entry.index).kind
    }
}
