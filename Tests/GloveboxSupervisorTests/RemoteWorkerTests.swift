import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJail
import GloveboxJobs
import GloveboxLink
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

@Suite(.serialized, .enabled(if: NodeSite.canRun, "needs root, GLOVEBOX_FAIR_CSV and the image base"))
struct RemoteWorkerTests {
    @Test func `a node takes a task to its verified release, with what it signed as evidence`() throws {
        let site = try NodeSite()
        let job = try site.task(["cat in > a; echo one", "cat a a said > b; mkdir empty"])
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let node = try site.node("node-1")
        let worker = try site.start(job, on: node)
        let (status, text) = try site.end(worker)
        #expect(status == 0 && text.isEmpty, "\(text)")
        let entry = try site.ended(job)
        #expect(entry.job.phase == .released, "\(entry.explanation ?? "") \(entry.job.reasons)")
        #expect(entry.job.lastRun?.executor == "node" && entry.job.lastRun?.node == "node-1")
        let files = try site.test.evidenceFiles(job).files
        #expect(
            files.first { $0.path.hasSuffix("-b") }?.content == Array("given\ngiven\none\n".utf8),
            "\(files.map(\.path))"
        )
        #expect(files.contains { $0.path == EvidenceFiles.node(1) }, "one statement for each command")
        let report = try site.test.report(job)
        #expect(report.assurance.notProven.contains("remote-node") && report.node == "node-1")
        let verdict = try site.verdict(job)
        #expect(verdict.facts.contains { $0.contains("node-1 ran the jails") }, "\(verdict.facts)")
        #expect(verdict.checks.contains { $0.id == "node.statements" && $0.status == .passed }, "\(verdict)")
        // Without the node's word, or with half of it, nobody believes the report.
        for left in [
            [EvidenceFiles.nodeLeaf], [EvidenceFiles.node(0)], [EvidenceFiles.node(0), EvidenceFiles.node(1)],
        ] {
            let verdict = try site.verdict(job, without: Set(left))
            #expect(verdict.checks.contains { $0.id == "node.statements" && $0.status == .failed }, "\(left)")
        }
        #expect(try site.isClear(of: worker.process))
        #expect(try site.test.findings().isEmpty)
    }

    @Test func `a node that is not enrolled, is drained, or has come for nothing gets no job`() throws {
        let site = try NodeSite()
        let job = try site.task(["echo > b"])
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let stranger = try TestPrograms.scratch()
        try NodeSite.certify(stranger + "/node")
        try site.trust(stranger)
        let refused = try site.end(site.start(job, on: stranger))
        #expect(refused.status == 1, "\(refused)")
        #expect(["worker.orphaned", "link.refused"].contains { refused.text.contains($0) }, "\(refused)")
        let node = try site.node("node-1")
        let idle = try site.end(site.start("job_00000000000000000000000000", on: node))
        #expect(idle.status == 1 && idle.text.contains("object.not-found"), "\(idle)")
        _ = try site.test.site.drainNode(NodeSite.boss, name: "node-1", reason: "repair")
        let drained = try site.end(site.start(job, on: node))
        #expect(drained.status == 1 && drained.text.contains("node.draining"), "\(drained)")
        _ = try site.test.site.removeNode(NodeSite.boss, name: "node-1", reason: "sold")
        #expect(try site.end(site.start(job, on: node)).status == 1)
        #expect(try site.test.entry(job).job.phase == .queued)
        // Another site's root is not the node's.
        let other = try site.node("node-2")
        let root = try CertificateAuthority.makeRoot(site: "other", now: Machine.now()).certificate
        try StateFile.write(PEM.encode(root, label: "CERTIFICATE"), to: other + "/root.pem")
        let foreign = try site.end(site.start(job, on: other))
        #expect(foreign.status == 1 && foreign.text.contains("trust."), "\(foreign)")
    }

    @Test(.enabled(if: NodeSite.isFull, "needs a machine that lacks no protection"))
    func `a plan that demands full isolation waits for a node without a fallback`() throws {
        let site = try NodeSite()
        #expect(throws: GloveboxError("request.invalid", "")) { try site.task(["true"], isolation: "half") }
        let job = try site.task(["cat in > b"], isolation: "full")
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        #expect(try site.waiting(job)?.code == .node)
        #expect(try site.waiting(job)?.waitingOn.first == .isolation([]))
        let weak = try site.end(site.start(job, on: site.node("node-1"), withoutControlGroups: true))
        #expect(weak.status == 1 && weak.text.contains("worker.isolation"), "\(weak)")
        #expect(weak.text.contains("control-groups"), "\(weak)")
        #expect(try site.test.entry(job).job.phase == .queued)
        guard case .isolation(let nodes)? = try site.waiting(job)?.waitingOn.first else {
            throw GloveboxError("test", "nothing is told of isolation")
        }
        #expect(nodes.map(\.node) == ["node-1"] && nodes.first?.lacks.contains("control-groups") == true, "\(nodes)")
        let full = try site.end(site.start(job, on: site.node("node-2")))
        #expect(full.status == 0, "\(full)")
        let entry = try site.ended(job)
        #expect(entry.job.phase == .released, "\(entry.explanation ?? "") \(entry.job.reasons)")
        #expect(try site.test.report(job).node == "node-2")
        #expect(entry.manifest.core.isolation == .full)
        let verdict = try site.verdict(job)
        #expect(!verdict.checks.contains { $0.status == .failed }, "\(verdict.story)")
        let told = site.test.site.nodeList().map { ($0.name, $0.lacks?.isEmpty) }
        #expect(told.map(\.0) == ["node-1", "node-2"] && told.map(\.1) == [false, true])
        // What demands nothing runs there all the same, and says what was weaker.
        let other = try site.task(["cat in > b"])
        #expect(try site.test.wait(for: other) { $0.job.phase == .queued }.job.phase == .queued)
        let again = try site.end(site.start(other, on: site.node("node-3"), withoutControlGroups: true))
        #expect(again.status == 0, "\(again)")
        #expect(try site.ended(other).job.phase == .released)
        #expect(try site.test.report(other).assurance.weaker.contains("control-groups"))
    }

    @Test func `a node that lacks more than it said is sent no file of the job`() throws {
        let site = try NodeSite()
        let job = try site.task(["cat in > b"], isolation: "full")
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let link = try site.connect(as: site.node("node-1"))
        defer { link.close() }
        var told = JailProtections()
        told.inForce = JailProtections.full
        try link.send(.offer(task: job, launcher: site.test.site.host.launcher, protections: told))
        guard case .order = try link.message(milliseconds: 60_000) else { throw NodeMessage.unexpected }
        try link.send(.needs(image: false))
        told.inForce.removeAll { $0 == "landlock" }
        try link.send(.ready(told))
        // The next frame is the refusal, and no piece of an archive.
        #expect(throws: GloveboxError("jail.protection", "")) { try link.message(milliseconds: 60_000) }
        let entry = try site.ended(job)
        #expect(entry.job.phase == .errored && entry.explanation?.contains("landlock") == true, "\(entry.job.reasons)")
    }

    @Test func `the protections that a policy demands are asked of the node`() throws {
        let site = try NodeSite()
        let text = """
            apiVersion: glovebox/v1
            kind: ProcessingPolicy
            metadata: {name: demanding, version: 1}
            protections: [host-counters]
            """
        _ = try site.test.site.addPolicy(TestSite.owner, AddPolicyRequest(document: text))
        let job = try site.task(["cat in > b"])
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let (status, said) = try site.end(site.start(job, on: site.node("node-1")))
        #expect(status == 1 && said.contains("worker.isolation") && said.contains("host-counters"), "\(said)")
        #expect(try site.test.entry(job).job.phase == .queued)
    }

    @Test func `a node carries out no order for another node's run`() throws {
        let site = try NodeSite()
        let job = try site.task(["cat in > b"])
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let node = try site.node("node-1")
        let other = try site.node("node-2")
        var desk = NodeDesk(
            keys: try NodeKeys(other),
            task: job,
            launcher: (TestPrograms.path("glovebox-jail"), site.test.site.host.launcher),
            link: try site.connect(as: other)
        )
        let link = try site.connect(as: node)
        defer { link.close() }
        var told = JailProtections()
        told.inForce = JailProtections.full
        try link.send(.offer(task: job, launcher: site.test.site.host.launcher, protections: told))
        guard case .order(let order) = try link.message(milliseconds: 60_000) else { throw NodeMessage.unexpected }
        let refusal = #expect(throws: GloveboxError("worker.order", "")) { try desk.serve(order) }
        #expect(refusal?.message == "the run is not this node's", "\(refusal?.message ?? "")")
    }

    @Test func `a node that dies, or is removed, ends its job once, and leaves no jail`() throws {
        let site = try NodeSite()
        var killed: RunningProgram?
        for isKilled in [true, false] {
            let job = try site.task(["sleep 600"])
            let name = isKilled ? "node-1" : "node-2"
            let worker = try site.start(job, on: site.node(name))
            #expect(try site.test.wait(for: job) { $0.job.phase == .running }.job.phase == .running)
            if isKilled {
                worker.process.kill()
            } else {
                _ = try site.test.site.removeNode(NodeSite.boss, name: name, reason: "sold")
            }
            let (status, text) = try site.end(worker)
            #expect(isKilled ? status == 137 : status == 1 && text.contains("worker.orphaned"), "\(text)")
            let entry = try site.test.wait(for: job) { $0.evidence != nil && $0.job.cleanup == .done }
            #expect(entry.job.phase == .errored && entry.job.reasons.contains("worker.lost"), "\(entry.job.reasons)")
            // One that is killed leaves an empty control group to the node's next.
            #expect(try eventually { try site.isClear(of: worker.process, ofProcessesAlone: isKilled) })
            killed = killed ?? worker.process
        }
        let first = try #require(killed)
        #expect(try site.isClear(of: first))
        let findings = try site.test.findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test func `a cancelled job's jail ends on its node, and its worker goes`() throws {
        let site = try NodeSite()
        let job = try site.task(["sleep 600"])
        let worker = try site.start(job, on: site.node("node-1"))
        #expect(try site.test.wait(for: job) { $0.job.phase == .running }.job.phase == .running)
        try site.test.cancel(job)
        let (status, text) = try site.end(worker)
        #expect(status == 0, "\(text)")
        #expect(try site.test.wait(for: job) { $0.job.phase == .cancelled }.job.phase == .cancelled)
        #expect(try site.isClear(of: worker.process))
    }

    @Test(arguments: ["mkfifo b", "ln -s /etc/passwd b", "echo > a; ln a b", "ln -s ../.. b"])
    func `what no archive may hold does not leave a node, and its job ends once`(script: String) throws {
        let site = try NodeSite()
        let job = try site.task([script])
        let worker = try site.start(job, on: site.node("node-1"))
        _ = try site.end(worker)
        let entry = try site.test.wait(for: job) { $0.evidence != nil && $0.job.cleanup == .done }
        #expect(entry.job.phase == .errored && entry.job.reasons.contains("output.collect"), "\(entry.job.reasons)")
        #expect(try site.isClear(of: worker.process))
        let findings = try site.test.findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test func `a program over blocks stays on the site's own machine`() throws {
        let site = try NodeSite(more: "\n    private_data: true")
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try site.test.site.addPolicy(owner, AddPolicyRequest(document: ProgramSite.policy()))
        let job = try site.test.submit(ProgramSite.plan(site.test, ProgramSite.honest))
        try site.test.vote(.approve, on: job)
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let (status, text) = try site.end(site.start(job, on: site.node("node-1")))
        #expect(status == 1 && text.contains("worker.blocks"), "\(text)")
        #expect(try site.test.entry(job).job.phase == .queued)
    }

    private static let python = TestPrograms.image("python")

    @Test(
        .enabled(if: python != nil, "needs the image python"),
        arguments: [(false, false), (true, false), (true, true)]
    )
    func `private data goes to a node only where the site says so, and then to a verified release`(
        isAllowed: Bool,
        isCarried: Bool
    ) throws {
        let site = try NodeSite(image: Self.python, more: isAllowed ? "\n    private_data: true" : "")
        let program = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py"
        let job = try site.test.submit(TestSite.text(program), wallSeconds: 20)
        try site.test.vote(.approve, on: job)
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let node = try site.node("node-1")
        let (courier, folder) = (BundleCourier(site.test.layout, task: job), try TestPrograms.scratch())
        guard isAllowed else {
            let (status, text) = try site.end(site.start(job, on: node))
            #expect(status == 1 && text.contains("worker.private-data"), "\(text)")
            #expect(throws: GloveboxError("worker.private-data", "")) {
                try courier.write(for: "node-1", to: folder + "/bundle")
            }
            #expect(unsafe access(folder + "/bundle", F_OK) != 0)
            return
        }
        if isCarried {
            try courier.write(for: "node-1", to: folder + "/bundle")
            let (status, text) = try site.carry(folder + "/bundle", of: job, to: node, folder + "/result")
            #expect(status == 0 && text.isEmpty, "\(text)")
            try courier.handIn(folder + "/result")
        } else {
            let (status, text) = try site.end(site.start(job, on: node))
            #expect(status == 0 && text.isEmpty, "\(text)")
        }
        let entry = try site.ended(job)
        #expect(entry.job.phase == .released, "\(entry.explanation ?? "") \(entry.job.reasons)")
        let verdict = try site.verdict(job)
        #expect(verdict.checks.contains { $0.id == "node.statements" && $0.status == .passed }, "\(verdict)")
        #expect(!verdict.checks.contains { $0.status == .failed }, "\(verdict)")
        #expect(try site.test.findings().isEmpty)
    }
}
