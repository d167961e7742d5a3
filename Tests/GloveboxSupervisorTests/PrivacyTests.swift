import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxPolicy
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What the public leaves of a whole site tell: released, failed and refused runs of real data.
@Suite(.serialized) struct PrivacyTests {
    private static let image = TestPrograms.image("python")
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    /// The fields that every event may have; those of its kind stand in ``EventKind/publicFields``.
    private static let fields: Set<String> = [
        "v", "event", "origin", "monoNs", "bootId", "supervisor", "config", "actor", "authMethod", "source", "job",
        "project", "dataset", "output", "prevJobEvent", "bodyCommit", "idempotencyKey",
    ]

    /// Kinds whose moment shows how long a run took.
    private static let timed: Set<String> = [
        "dataset.unmounted", "job.ended", "output.collected", "output.checked", "output.approved", "release.intent",
        "output.withheld", "job.cleaned",
    ]

    /// An event's leaf: all of it, and the fields of ours.
    private struct Leaf {
        let event: JSONValue
        let own: JSONObject

        subscript(name: String) -> String? { own[name]?.string }
    }

    private func pseudonym(_ who: String, _ site: Site) -> String { Pseudonym.make(who, root: site.keys.pseudonyms) }

    /// Checks what the log tells of a job that was released, and of one that failed.
    private func check(_ good: [String: Leaf], _ goodID: String, _ bad: [String: Leaf], _ test: TestSite) throws {
        let submitter = pseudonym(test.researcher.caller.account, test.site)
        let starting = try #require(good["job.starting"])
        let inputs = try test.entry(goodID).manifest.inputs
        #expect(starting["data"] == inputs[0].commit.value.hex)
        for name in ["bpf", "args", "code", "rootfs", "jail"] { #expect(starting[name]?.count == 64, "\(name)") }
        let ended = try #require(good["job.ended"])
        #expect(ended["exit"] == nil && ended["wall"] == nil && ended["cpu"] == nil)
        #expect(good["output.collected"]?["commitment"]?.count == 64)
        let policy = try test.entry(goodID).rules.output.document.digest.hex
        #expect(good["output.checked"]?["policy"] == policy)
        let released = try #require(good["output.released"])
        #expect(released["recipient"] == submitter && released["bundle"]?.count == 64)
        let approval = good["output.approved"]?.event["metadata"]?["sequence"]?.integer.map { String($0) }
        #expect(approval != nil && released["approval"] == approval)
        let vote = try #require(good["approval.given"])
        #expect(vote["source"] == pseudonym("192.0.2.7", test.site) && vote["authMethod"] == "token")
        for name in ["dataset.mounted", "dataset.unmounted"] { #expect(good[name]?["dataset"] == "fair", "\(name)") }
        // Why a run on private data came to nothing is the same to everybody.
        let failed = try #require(bad["output.withheld"])
        #expect(failed.event["status_id"]?.integer == 2 && bad["job.failed"] == nil)
        #expect(failed.event["status_code"]?.string == "not-released")
        for leaf in Array(good.values) + Array(bad.values) where Self.timed.contains(leaf["event"] ?? "") {
            let time = try #require(leaf.event["time"]?.integer)
            let ticks = try #require(leaf["monoNs"].flatMap { Int64($0) })
            #expect(time % 1000 == 0 && ticks % 1_000_000_000 == 0, "\(leaf["event"] ?? "")")
        }
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `no leaf of a whole site has a name, a file, a value or a count`() throws {
        let test = try TestSite(image: Self.image)
        try test.site.begin()
        let source = try Descriptor.open(
            TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py",
            O_RDONLY
        )
        let good = try test.submit(String(decoding: source.readAll(limit: 10_000), as: UTF8.self), wallSeconds: 5)
        let bad = try test.submit("import socket\nsocket.socket()\n", wallSeconds: 2)
        let never = try test.submit("print('3 people')\n")
        try Provenance.$current.withValue(Provenance(source: "192.0.2.7")) {
            for job in [good, bad] { try test.vote(.approve, on: job) }
            try test.vote(.refuse, on: never)
        }
        try test.start()
        for job in [good, bad, never] {
            let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
            #expect(entry.job.phase.isTerminal)
        }
        let end = try test.entry(good)
        #expect(end.job.phase == .released, "\(end.job.reasons) \(end.explanation ?? "")")

        var text = ""
        var kinds: Set<String> = []
        var told: [String: [String: Leaf]] = [:]
        try test.site.log.replay { (entry: LoggedEntry) throws(GloveboxError) in
            text += String(decoding: entry.leaf, as: UTF8.self) + "\n"
            guard case .event(let event) = entry.kind, let own = event["unmapped"]?["glovebox"]?.object else { return }
            let name = own["event"]?.string ?? ""
            kinds.insert(name)
            if let job = own["job"]?.string { told[job, default: [:]][name] = Leaf(event: event, own: own) }
            let known = Self.fields.union(EventKind(rawValue: name)?.publicFields ?? [])
            let unknown = Set(own.names).subtracting(known)
            #expect(unknown.isEmpty, "\(unknown) of \(name)")
            // Numbers are OCSF's own; everything of ours is text, and a small one would be a count.
            for member in own.members where member.value.integer != nil { Issue.record("\(member.name) is a number") }
        }
        try check(told[good] ?? [:], good, told[bad] ?? [:], test)
        #expect(told[never]?["job.denied"]?.event["status_id"]?.integer == 2)
        for secret in [
            "alice", "rita", "operator", "main.py", "table.csv", "table.spec", "/tmp/", "fair.csv", "religious",
            "affairs", "rate_marriage", "socket", "people", "python3", "127.0.0.1", "192.0.2.7",
        ] { #expect(!text.contains(secret), "\(secret)") }
        #expect(
            kinds.isSuperset(of: [
                "supervisor.start", "user.created", "key.enrolled", "dataset.registered", "mock_data.published",
                "policy.published", "code.registered", "image.registered", "job.submitted", "approval.given",
                "approval.refused", "job.starting", "key.released", "job.ended", "attestation.issued",
                "output.released",
            ]),
            "\(kinds.sorted())"
        )
        // What was refused to a program it could speak through.
        #expect(kinds.isDisjoint(with: ["job.denied_syscall", "job.net_attempt", "job.resource_limit", "job.failed"]))
        let refused = try SiteLog.records(test.site.log).first { $0.job == bad && $0.kind == .jobEnded }
        #expect(refused?.json["denied"]?.array?.isEmpty == false, "the owner can see what was refused")
        #expect(try test.entry(bad).denied.isEmpty == false)
    }
}
