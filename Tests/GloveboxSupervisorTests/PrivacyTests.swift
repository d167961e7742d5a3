import Glibc
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What the public leaves of a whole site tell: released, failed and refused runs of real data.
@Suite(.serialized) struct PrivacyTests {
    private static let image = TestPrograms.image("python")
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    /// Every field a leaf may have beside those of section 8 of the log specification: ids, digests and codes.
    private static let fields: Set<String> = [
        "v", "event", "origin", "monoNs", "bootId", "supervisor", "config", "actor", "authMethod", "source", "job",
        "project", "dataset", "output", "prevJobEvent", "bodyCommit",
        "plan", "core", "approval", "notAfter", "code", "rootfs", "jail", "keyid", "schema", "inputPolicy",
        "commitment",
        "policy", "digest", "narSha256", "image", "use", "start", "layout", "spki", "mock", "launcher", "kernel",
        "profile",
        "bpf",
        "reportId", "reportLeaf", "nonceDigest", "size",
        "request", "hpkeKey", "kekId", "idempotencyKey",
        // Where in the log the payment for a key stands.
        "paid",
        // Of the plan and its rules, not of the data: votes needed, which run, what it may cost, and the verdict.
        "quorum", "run", "budget", "amount", "verdict", "logQuorum", "witnessed", "synchronised",
    ]

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `no leaf of a whole site has a name, a file, a value or a count`() throws {
        let test = try TestSite(image: Self.image)
        try test.site.begin()
        let source = try Descriptor.open(
            TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py",
            O_RDONLY
        )
        let good = try test.submit(String(decoding: source.readAll(limit: 10_000), as: UTF8.self), wallSeconds: 3)
        let bad = try test.submit("import socket\nsocket.socket()\n", wallSeconds: 2)
        let never = try test.submit("print('3 people')\n")
        for job in [good, bad] { try test.vote(.approve, on: job) }
        try test.vote(.refuse, on: never)
        try test.start()
        for job in [good, bad, never] {
            let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
            #expect(entry.job.phase.isTerminal)
        }
        #expect(try test.entry(good).job.phase == .released)

        var text = ""
        var kinds: Set<String> = []
        try test.site.log.replay { (entry: LoggedEntry) throws(GloveboxError) in
            text += String(decoding: entry.leaf, as: UTF8.self) + "\n"
            guard case .event(let event) = entry.kind, let own = event["unmapped"]?["glovebox"]?.object else { return }
            kinds.insert(own["event"]?.string ?? "")
            let unknown = Set(own.names).subtracting(Self.fields)
            #expect(unknown.isEmpty, "\(unknown) of \(own["event"]?.string ?? "")")
            // Numbers are OCSF's own; everything of ours is text, and a small one would be a count.
            for member in own.members where member.value.integer != nil { Issue.record("\(member.name) is a number") }
        }
        for secret in [
            "alice", "rita", "operator", "main.py", "table.csv", "table.spec", "/tmp/", "fair.csv", "religious",
            "affairs", "rate_marriage", "socket", "people", "python3", "127.0.0.1",
        ] { #expect(!text.contains(secret), "\(secret)") }
        #expect(
            kinds.isSuperset(of: [
                "supervisor.start", "user.created", "key.enrolled", "dataset.registered", "mock_data.published",
                "policy.published", "code.registered", "image.registered", "job.submitted", "approval.given",
                "approval.refused", "job.starting", "key.released", "job.ended", "job.denied_syscall",
                "job.net_attempt", "attestation.issued", "output.released",
            ]),
            "\(kinds.sorted())"
        )
    }
}
