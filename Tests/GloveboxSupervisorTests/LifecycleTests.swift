import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

@Suite(.serialized) struct LifecycleTests {
    private static func found() throws -> SiteLayout {
        let layout = SiteLayout(root: try TestPrograms.scratch())
        let founded = Instant(seconds: Machine.now().seconds)
        let configuration = SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: founded)
        try SiteFounding.found(layout, configuration: configuration, policies: ShippedPolicies.documents())
        return layout
    }

    private static func kinds(_ site: Site) throws -> [EventKind] { try SiteLog.records(site.log).map(\.kind) }

    @Test func `a heartbeat comes at least once a minute, and a set clock is told once`() {
        var pulse = Pulse()
        var beats: [UInt64] = []
        var steps = 0
        var synchronised: [String?] = []
        for second in 0..<600 as Range<UInt64> {
            // At 100 s the wall clock is set back an hour; drift of a millisecond a second is no step.
            let wall = Int64(second * 1001) - (second >= 100 ? 3_600_000 : 0)
            let events = pulse.look(
                wall: Instant(milliseconds: wall),
                monotonic: second * 1000,
                isSynchronised: !(200..<300).contains(second),
                size: 7
            )
            for event in events where event.kind == .timeSync { synchronised.append(event.fields[0].1.string) }
            if events.contains(where: { $0.kind == .checkpointPublished }) { beats.append(second) }
            steps += events.count { $0.kind == .clockStepped }
        }
        #expect(beats.first == 0)
        #expect(zip(beats, beats.dropFirst()).allSatisfy { $1 - $0 <= 60 && $1 - $0 >= 30 })
        #expect((beats.last ?? 0) > 540 && steps == 1)
        #expect(synchronised == ["yes", "no", "yes"])
    }

    @Test func `steps of a job that are written together are in the log all or not at all`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        let task: JSONValue = ["executors": [["image": "alpine", "command": ["true"]]]]
        let id = try site.createTask(place.alice, TaskDocument(json: task), idempotency: nil)
        let before = site.log.size
        func job(_ site: Site) throws -> Job { try #require(try site.entry(id)).job }
        #expect(throws: GloveboxError("job.phase", "")) {
            try site.transition(id, [.change(.accepted(needsApproval: false)), .change(.started)])
        }
        let told = Event(kind: .outputApproved, job: id, idempotencyKey: "told \(id)")
        #expect(throws: GloveboxError("internal", ""), "of a failure a run on private data tells less") {
            try site.transition(id, [.event(told, .null), .change(.errored(component: "x", code: "y"))])
        }
        #expect(throws: GloveboxError("object.not-found", "")) { try site.transition("job_1", []) }
        #expect(try site.log.size == before && job(site).phase == .accepted)
        let steps: [Site.Step] = [
            .change(.accepted(needsApproval: false)), .change(.dequeued(executor: "local", node: "localhost")),
            .event(told, .null), .change(.starting(run: 1, nonce: .zero), fields: [("run", "1")]),
        ]
        try site.transition(id, steps)
        let moved = try job(site)
        #expect(site.log.size == before + 4 && moved.phase == .staging && moved.eventIndex == before + 3)
        #expect(moved.lastRun?.startIndex == before + 3)
        #expect(moved.transitions.map(\.phase).suffix(2) == [.queued, .staging])
        // What the log knows already keeps its place.
        try site.transition(id, [.event(told, .null), .change(.staged(measured: .zero))])
        #expect(site.log.size == before + 5)
        let last = try job(site)
        site.close()
        let again = try Site(opening: place.layout)
        defer { again.close() }
        #expect(try job(again) == last, "as the journal tells it")
        #expect(try SiteLog.records(again.log).suffix(5).map(\.kind).contains(.outputApproved))
    }

    @Test func `each start says what runs, and what changed since the last`() throws {
        let layout = try Self.found()
        do {
            let site = try Site(opening: layout)
            let founding = try Self.kinds(site)
            #expect(founding.first == .logCreated && founding.count { $0 == .keyCreated } == 2)
            try site.begin()
            let kinds = try Self.kinds(site).dropFirst(founding.count)
            #expect(Array(kinds) == [.supervisorStart, .hostMeasured, .sandboxProfile])
            try site.end()
            #expect(try Self.kinds(site).last == .supervisorStop)
            site.close()
        }
        let witness = try Cosigner.generate(name: "w.example")
        let log = String(decoding: try StateFile.read(layout.root + "/log.vkey"), as: UTF8.self)
        let policy = "log \(log)witness w \(witness.key.vkey)\nquorum none\n"
        try StateFile.write(Array(policy.utf8), to: layout.root + "/w.policy")
        try StateFile.write(Array("log:\n  policy: w.policy\n".utf8), to: layout.settings)
        for expected in [[EventKind.configChanged, .witnessAdded], []] {
            let site = try Site(opening: layout)
            let before = try Self.kinds(site).count
            try site.begin()
            #expect(try Array(Self.kinds(site).dropFirst(before + 3)) == expected)
            site.close()
        }
        try StateFile.write(Array("log:\n  watch: []\n".utf8), to: layout.settings)
        let site = try Site(opening: layout)
        try site.begin()
        #expect(try Self.kinds(site).suffix(2) == [.configChanged, .witnessRemoved])
    }

    @Test(arguments: [
        "log:\n  listen: \"127.0.0.1\"\n", "log:\n  listen: \"127.0.0.1:0\"\n", "log:\n  listen: \"127.0.0.1:65536\"\n",
        "log:\n  policy: missing.policy\n", "log:\n  other: 1\n", "other: 1\n", "log:\n  watch:\n    - origin: x\n",
        "log:\n  watch:\n    - key: x\n", "log:\n  watch: x\n",
        "jobs:\n  slots: 0\n", "jobs:\n  slots: \"2\"\n", "jobs:\n  other: 2\n", "",
        "jobs:\n  memory_mib: 0\n", "jobs:\n  disk_mib: many\n",
    ])
    func `refuses settings it does not understand`(text: String) throws {
        let path = try TestPrograms.scratch() + "/gloveboxd.yaml"
        try StateFile.write(Array(text.utf8), to: path)
        #expect(throws: GloveboxError.self) { try SiteSettings(reading: path) }
    }

    @Test func `refuses a log policy of another log`() throws {
        let layout = try Self.found()
        let other = try NoteSigner(name: "log.t.example", seed: Array(1...32)).key.vkey
        try StateFile.write(Array("log \(other)\nquorum none\n".utf8), to: layout.root + "/w.policy")
        try StateFile.write(Array("log:\n  policy: w.policy\n".utf8), to: layout.settings)
        #expect(throws: GloveboxError("config.invalid", "")) { try Site(opening: layout) }
    }

    @Test func `failed logins and auditors' looks are on record, and fill no log`() async throws {
        let site = try Site(opening: Self.found())
        let door = SiteDoor(site)
        let before = try Self.kinds(site).count
        for _ in 0..<5 {
            await #expect(throws: GloveboxError.self) { try await door.authenticate(token: "gbx_wrong") }
            _ = try await door.jobs(Caller(account: "acc_a", name: "a", roles: [.auditor]), JobQuery())
            _ = try await door.jobs(Caller(account: "acc_r", name: "r", roles: [.researcher]), JobQuery())
        }
        #expect(try Array(Self.kinds(site).dropFirst(before)) == [.authFailed, .logRead])
    }
}
