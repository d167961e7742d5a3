import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJail
import GloveboxJobs
import GloveboxLink
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What a node is told to run, and what it refuses to.
struct NodeOrderTests {
    /// An order for a task that is about to start, with what proves it.
    private static func order(_ body: (NodeOrder, Manifest, Site) throws -> Void) throws {
        let tasks = try TaskSite()
        let site = try Site(opening: tasks.layout)
        defer { site.close() }
        let task: JSONValue = [
            "executors": [["image": "alpine", "command": ["sh", "-c", "true"], "workdir": "/task"]],
            "outputs": [["path": "/task/b", "url": "glovebox://release/b"]],
        ]
        let job = try site.createTask(tasks.alice, TaskDocument(json: task), idempotency: nil)
        for change: JobChange in [
            .accepted(needsApproval: false), .dequeued(executor: "node", node: "n"), .starting(run: 1, nonce: .zero),
        ] { try site.transition(job, change) }
        let entry = try #require(site.read { state in state.jobs[job] })
        let facts = RunFacts(start: Machine.now(), end: Machine.now())
        let start = try ReportMaker(site: site).start(for: job, facts: facts)
        var trust: [String: [UInt8]] = [:]
        for file in try site.trust().files { trust[file.path] = file.content }
        let evidence = KeyEvidence(
            statement: start.envelope,
            leaf: start.leaf,
            manifest: entry.manifest.bytes,
            manifestEnvelope: entry.envelope,
            votes: [],
            trust: trust
        )
        var jail = JailSpecification(root: .empty, arguments: [], profile: try ShippedProfiles.named("default"))
        try JobJail.apply(entry.manifest.core, entry.manifest.core.executors[0], to: &jail)
        jail.staged = [JailSpecification.Staged(path: "/job/code", bytes: 1 << 20, inodes: 100)]
        var own = JailSpecification.Staged(path: "/task", bytes: 1 << 20, inodes: 100)
        own.isWritable = true
        jail.staged.append(own)
        let order = NodeOrder(
            nonce: Machine.sha256(Machine.random(32)),
            evidence: evidence,
            image: ("erofs", 4096),
            jail: jail.json,
            hasInput: false
        )
        try body(order, entry.manifest, site)
    }

    @Test func `an order comes over whole, and is for the plan that the site's root vouches for`() throws {
        try Self.order { order, plan, site in
            let message = NodeMessage.order(order).bytes
            guard case .order(let read) = try NodeMessage(LinkFrame(.message, message)) else {
                throw GloveboxError("test", "no order")
            }
            #expect(read.digest == order.digest)
            let root = try VerifyingKey(certificate: site.keys.rootCertificate).spki
            let appraisal = OrderAppraisal(read.evidence, root: root, now: Machine.now())
            #expect(appraisal.causes.isEmpty, "\(appraisal.causes)")
            #expect(appraisal.plan?.digest == plan.digest)
            for (hours, isRefused) in [(0.5, false), (2, true), (-2, true)] {
                let later = Machine.now().adding(seconds: Int64(hours * 3600))
                let refused = !OrderAppraisal(read.evidence, root: root, now: later).causes.isEmpty
                #expect(refused == isRefused, "\(hours) hours later")
            }
            let jail = try read.specification(under: plan, root: .empty)
            #expect(jail.json == order.jail)
        }
    }

    @Test func `evidence of another root, plan, statement or signer is refused`() throws {
        try Self.order { order, plan, site in
            let root = try VerifyingKey(certificate: site.keys.rootCertificate).spki
            func refuses(_ code: String, _ evidence: KeyEvidence, root given: [UInt8]? = nil) {
                let appraisal = OrderAppraisal(evidence, root: given ?? root, now: Machine.now())
                let codes = appraisal.causes.map(\.code)
                #expect(appraisal.plan == nil && codes.contains(code), "\(code): \(codes)")
            }
            let good = order.evidence
            func with(
                statement: [UInt8]? = nil,
                leaf: [UInt8]? = nil,
                manifest: [UInt8]? = nil,
                envelope: [UInt8]? = nil,
                trust: [String: [UInt8]]? = nil
            ) -> KeyEvidence {
                KeyEvidence(
                    statement: statement ?? good.statement,
                    leaf: leaf ?? good.leaf,
                    manifest: manifest ?? good.manifest,
                    manifestEnvelope: envelope ?? good.manifestEnvelope,
                    votes: good.votes,
                    trust: trust ?? good.trust
                )
            }
            refuses("trust.signature", good, root: SigningKey().publicKey.spki)
            var other = plan
            other.core.executors[0].argv = ["sh", "-c", "cat /etc/shadow"]
            refuses("statement.subject-digest", with(manifest: other.bytes))
            let forged = try SigningKey().sign(Envelope(parsing: good.statement).payload)
            refuses("envelope.signature-invalid", with(statement: forged.bytes))
            refuses("cert.chain", with(leaf: [1, 2, 3]))
            let unsigned = Envelope(
                payloadType: DSSE.statementType,
                payload: good.manifest,
                keyID: String(repeating: "0", count: 64),
                signature: [UInt8](repeating: 0, count: 64)
            )
            let appraisal = OrderAppraisal(with(envelope: unsigned.bytes), root: root, now: Machine.now())
            #expect(appraisal.plan == nil)
            refuses("input.io", with(trust: [:]))
        }
    }

    @Test func `a jail that is not the plan's is refused, whatever differs`() throws {
        try Self.order { order, plan, _ in
            func refuses(_ change: (inout JailSpecification) throws -> Void) throws {
                var jail = try JailSpecification(json: order.jail, root: .empty)
                try change(&jail)
                let wrong = NodeOrder(
                    nonce: order.nonce,
                    evidence: order.evidence,
                    image: order.image,
                    jail: jail.json,
                    hasInput: false
                )
                #expect(throws: (any Error).self) { try wrong.specification(under: plan, root: .empty) }
            }
            try refuses { $0.arguments = ["sh", "-c", "false"] }
            try refuses { $0.environment["LD_PRELOAD"] = "/job/code/x.so" }
            try refuses { $0.directory = "/" }
            try refuses { $0.limits.memory *= 2 }
            try refuses { $0.limits.wallMilliseconds = 0 }
            try refuses { $0.limits.cpuSeconds += 1 }
            try refuses { $0.profile = try ShippedProfiles.named("checker") }
            try refuses { $0.deterministic = try Deterministic(seed: 1, clock: Instant(seconds: 0)) }
            try refuses { $0.staged.removeFirst() }
            try refuses { $0.staged[0].isWritable = true }
            try refuses { $0.staged[0].path = "/etc" }
            try refuses { $0.staged[1].path = "/usr/lib" }
            try refuses { $0.staged.append(.init(path: "/data/fair", bytes: 1, inodes: 1)) }
            // A plan that demands more of the machine than the site's order does.
            var demanding = plan
            demanding.core.isolation = .full
            #expect(throws: GloveboxError("worker.order", "")) {
                try order.specification(under: demanding, root: .empty)
            }
        }
    }

    @Test func `messages that are not whole, or have more in them, are refused`() throws {
        let good = NodeMessage.signed(envelope: [1], salt: [2]).bytes
        for bytes in [
            Array(good.dropLast()), good + [32], Array("{}".utf8), Array(#"{"kind":"execute","more":1}"#.utf8),
            Array(#"{"kind":"unheard"}"#.utf8), Array(#"{"kind":"needs"}"#.utf8), Array(#"{"kind":"ready"}"#.utf8),
            Array(#"{"kind":"offer","launcher":{"sha256":"00"},"task":"x","version":1}"#.utf8),
            Array(#"{"kind":"staged","digests":["x"]}"#.utf8),
            Array(#"{"kind":"built","protections":{"inForce":["A B"],"weaker":[]},"readback":{}}"#.utf8),
        ] { #expect(throws: (any Error).self) { try NodeMessage(LinkFrame(.message, bytes)) } }
        #expect(throws: GloveboxError("worker.message", "")) { try NodeMessage(LinkFrame(.data, good)) }
        let fault = Array(##"{"code":"X Y","hint":"","kind":"fault","message":"\u001b[2Jgone"}"##.utf8)
        guard case .fault(let why) = try NodeMessage(LinkFrame(.message, fault)) else {
            throw GloveboxError("test", "no fault")
        }
        #expect(why.code == "worker.fault" && !why.message.utf8.contains(0x1b))
    }
}
