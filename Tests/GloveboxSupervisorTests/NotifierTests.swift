import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The operator's command that tells people what happened.
@Suite(.serialized) struct NotifierTests {
    /// A command that appends what it is told to a file, while another file says that it may.
    private struct Command {
        let directory: String
        var told: String { directory + "/told" }
        var works: String { directory + "/works" }
        var script: String { directory + "/notify" }

        init() throws {
            directory = try TestPrograms.scratch()
            let text = "#!/bin/sh\n[ -e \(works) ] || { sleep \"$1\"; echo no-way >&2; exit 3; }\ncat >> \(told)\n"
            try Descriptor.open(script, O_WRONLY | O_CREAT, mode: 0o755).write(Array(text.utf8))
            try allow()
        }

        func allow() throws { _ = try Descriptor.open(works, O_WRONLY | O_CREAT, mode: 0o600) }
        func forbid() { unsafe _ = unlink(works) }

        /// The settings that name it, with the seconds for which it hangs when it fails; where it hangs it is soon ended.
        func settings(_ events: String, hanging seconds: Int = 0) -> String {
            let patience = seconds == 0 ? 60 : 3
            return
                "webhooks: {notify_cmd: [\(script), '\(seconds)'], notify_events: [\(events)], notify_seconds: \(patience)}"
        }

        /// What it was told for one person, or for all.
        func messages(for person: String? = nil) throws -> [JSONValue] {
            guard unsafe access(told, F_OK) == 0 else { return [] }
            let text = String(decoding: try Descriptor.open(told, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
            return try text.split(separator: "\n").map { try JSONReader.read(Array($0.utf8)) }
                .filter { person == nil || $0["name"]?.string == person }
        }
    }

    private static func found(_ settings: String) throws -> SiteLayout {
        let layout = SiteLayout(root: try TestPrograms.scratch())
        let configuration = SiteConfiguration(
            name: "t",
            origin: "log.t.example",
            planQuorum: 1,
            founded: Instant(seconds: Machine.now().seconds)
        )
        try SiteFounding.found(layout, configuration: configuration, policies: ShippedPolicies.documents())
        try Descriptor.open(layout.settings, O_WRONLY | O_CREAT, mode: 0o600).write(Array(settings.utf8))
        return layout
    }

    @Test(arguments: [0, 300])
    func `people are told once, after a restart and a command that failed or hung too`(hanging: Int) async throws {
        let command = try Command()
        let layout = try Self.found(command.settings("log.alert", hanging: hanging))
        var site = try Site(opening: layout)
        let carol = try site.createAccount(name: "carol", roles: [.operator], by: nil).account
        _ = try site.createAccount(name: "aud", roles: [.auditor], by: nil)
        try site.record(Event(kind: .incidentOpened, entity: "before"))
        usleep(5000)
        // A clock of its own: on a busy machine the pause before the next try would be over too soon.
        let start = Machine.now()
        let ahead = Mutex<Int64>(0)
        let faults = Mutex<[GloveboxError]>([])
        func notifier() throws -> Notifier {
            let made = Notifier(
                site,
                clock: { start.adding(seconds: ahead.withLock { $0 }) },
                onFailure: { fault in faults.withLock { $0.append(fault) } }
            )
            return try #require(made)
        }
        await (try notifier()).tell()
        #expect(try command.messages().isEmpty, "what was before is no news")
        site.close()
        // Between two runs of the supervisor.
        site = try Site(opening: layout)
        try site.record(Event(kind: .incidentOpened, entity: "between"))
        usleep(5000)
        for _ in 0..<2 { await (try notifier()).tell() }
        let first = try command.messages(for: "carol")
        #expect(first.map { $0["account"]?.string } == [carol])
        // The site's first operator, and no auditor.
        #expect(try Set(command.messages().compactMap { $0["name"]?.string }) == ["carol", "operator"])
        #expect(first.first?["type"]?.string == "log.alert" && first.first?["code"]?.string == "incident.opened")
        #expect(faults.withLock { $0 }.isEmpty)

        command.forbid()
        try site.record(Event(kind: .witnessDisagreed, entity: "x"))
        usleep(5000)
        for _ in 0..<2 { await (try notifier()).tell() }
        #expect(faults.withLock { $0.map(\.code) } == ["notify.command", "notify.command"])
        let words = hanging == 0 ? "ended with status 3: no-way" : "took too long"
        #expect(faults.withLock { $0.first?.message.contains(words) } == true)
        #expect(try command.messages(for: "carol") == first)
        site.close()
        site = try Site(opening: layout)
        try command.allow()
        // Too early, then not.
        await (try notifier()).tell()
        #expect(try command.messages(for: "carol") == first)
        ahead.withLock { $0 = 11 }
        for _ in 0..<2 { await (try notifier()).tell() }
        let all = try command.messages(for: "carol")
        #expect(all.map { $0["code"]?.string } == ["incident.opened", "witness.disagreed"])
        #expect(Set(all.compactMap { $0["id"]?.string }).count == 2)
        #expect(try SiteLog.records(site.log).allSatisfy { $0.kind != .webhookDisabled })
        site.close()
    }

    @Test(.enabled(if: TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil, "needs GLOVEBOX_FAIR_CSV"))
    func `who may vote on a plan is told of it, by the command`() async throws {
        let command = try Command()
        let test = try TestSite { layout in
            let settings = command.settings("approval.needed")
            try Descriptor.open(layout.settings, O_WRONLY | O_CREAT, mode: 0o600).write(Array(settings.utf8))
        }
        let made = Notifier(test.site) { _ in }
        let notifier = try #require(made)
        await notifier.tell()
        try test.start()
        let job = try test.submit("print(1)\n")
        _ = try test.wait(for: job) { $0.job.phase == .awaitingApproval }
        for _ in 0..<100 where try command.messages().count < 2 {
            await notifier.tell()
            usleep(50_000)
        }
        let told = try command.messages()
        #expect(Set(told.compactMap { $0["name"]?.string }) == ["rita", "rolf"], "\(told)")
        #expect(told.count == 2 && told.allSatisfy { $0["job"]?.string == job })
        #expect(told.allSatisfy { $0["type"]?.string == "approval.needed" })
        let members = try #require(told.first?.object).names
        #expect(
            Set(members) == [
                "id", "type", "site", "at", "job", "project", "phase", "waiting", "account", "name",
            ]
        )
    }

    @Test func `settings name a program by its path, and what it is told`() throws {
        func settings(_ section: JSONValue) throws -> WebhookSettings { try WebhookSettings(section, folder: "/x") }
        #expect(try settings([:]).notice == nil)
        let usual = try #require(try settings(["notify_cmd": ["/usr/bin/mail-people", "-v"]]).notice)
        #expect(usual.command == ["/usr/bin/mail-people", "-v"] && usual.patience == 20)
        #expect(usual.topics == [.approvalNeeded, .jobWaiting, .releaseReady])
        for wrong in [
            ["notify_cmd": ["mail"]], ["notify_cmd": "/usr/bin/mail"], ["notify_cmd": [1]],
            ["notify_events": ["job.phase"]], ["notify_seconds": 5],
            ["notify_cmd": ["/m"], "notify_events": ["job.gone"]], ["notify_cmd": ["/m"], "notify_seconds": 0],
        ] as [JSONValue] { #expect(throws: GloveboxError("config.invalid", "")) { try settings(wrong) } }
    }
}
