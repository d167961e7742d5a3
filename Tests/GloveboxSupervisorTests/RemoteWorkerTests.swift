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

/// A site whose jobs run on nodes, and nodes of it: processes of their own with their own images, over TLS.
private struct NodeSite {
    let test: TestSite
    let port: Int

    static var canRun: Bool {
        geteuid() == 0 && TestPrograms.image("base") != nil && TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    }

    static let boss = Caller(account: "acc_o", name: "o", roles: [.operator])

    init(image: String? = TestPrograms.image("base"), more: String = "") throws {
        let port = try TestServer.freePort()
        self.port = port
        test = try TestSite(image: image) { layout in
            try Self.certify(layout.root + "/tls")
            let text = """
                jobs:
                  executor: worker
                  start_grace_ms: 0
                  nodes:
                    listen: "127.0.0.1:\(port)"
                    tls: {cert: tls.pem, key: tls.key}\(more)

                """
            try StateFile.write(Array(text.utf8), to: layout.settings)
        }
        try test.start()
    }

    private var site: Site { test.site }

    /// Whether this machine has every protection in full, and without control groups has not.
    static var isFull: Bool {
        guard canRun else { return false }
        do {
            let probe = try JobJail.probe()
            return try JailRun(launcher: TestPrograms.path("glovebox-jail")).protections(of: probe)
                .fallbacks(isBuilt: false).isEmpty
        } catch { return false }
    }

    /// Makes a key and a certificate that vouches for itself.
    static func certify(_ path: String) throws {
        let made = try TestPrograms.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", path + ".key",
                "-out", path + ".pem",
            ]
        )
        try #require(made.status == 0, "\(made.output)")
        #expect(unsafe chmod(path + ".key", 0o600) == 0)
    }

    /// The directory of an enrolled node.
    func node(_ name: String) throws -> String {
        let (directory, key) = (try TestPrograms.scratch(), SigningKey())
        let request = try NodeRequest.make(name: name, key: key)
        let enrolled = try site.enrollNode(
            Self.boss,
            EnrollNodeRequest(request: String(decoding: request.pem, as: UTF8.self))
        )
        try StateFile.write(key.pem, to: directory + "/node.key")
        try StateFile.write(Array(enrolled.chain.utf8), to: directory + "/node.pem")
        try trust(directory)
        return directory
    }

    /// What a node is told of the site.
    func trust(_ directory: String) throws {
        try StateFile.write(StateFile.read(test.layout.root + "/tls.pem"), to: directory + "/site.pem")
        let root = PEM.encode(site.keys.rootCertificate, label: "CERTIFICATE")
        try StateFile.write(root, to: directory + "/root.pem")
    }

    func start(
        _ job: String,
        on node: String,
        withoutControlGroups: Bool = false
    ) throws -> (process: RunningProgram, output: Descriptor) {
        let place = ["--supervisor", "127.0.0.1:\(port)", "--node-keys", node]
        let run = ["worker", "run", "--task", job] + place
        guard withoutControlGroups else { return try TestPrograms.start("gloveboxd", run) }
        let script = "umount -R -l /sys/fs/cgroup && exec \"$@\""
        let command = ["-m", "sh", "-c", script, "sh", TestPrograms.path("gloveboxd")] + run
        return try TestPrograms.start("/usr/bin/unshare", command)
    }

    /// Runs a bundle on a node; what that said, and its exit status.
    func carry(
        _ bundle: String,
        of job: String,
        to node: String,
        _ result: String
    ) throws -> (status: Int32, text: String) {
        let files = ["--bundle", bundle, "--result", result, "--node-keys", node]
        return try end(TestPrograms.start("gloveboxd", ["worker", "run", "--task", job] + files))
    }

    /// A connection as a node's worker makes one.
    func connect(as node: String) throws -> LinkSocket {
        try LinkSocket.connected(
            host: "127.0.0.1",
            port: port,
            credentials: LinkCredentials(certificate: node + "/node.pem", key: node + "/node.key"),
            authorities: node + "/site.pem"
        )
    }

    /// Why a job waits.
    func waiting(_ job: String) throws -> Waiting? { try site.info(job, for: test.researcher.caller).waiting }

    /// What a worker said, and its exit status.
    func end(_ worker: (process: RunningProgram, output: Descriptor)) throws -> (status: Int32, text: String) {
        let text = String(decoding: try worker.output.readAll(limit: 1 << 16), as: UTF8.self)
        let raw = try worker.process.wait()
        return (raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f), text)
    }

    /// Hands in a task whose commands leave `/task/b`.
    func task(_ scripts: [String], isolation: String? = nil, stdin: String? = nil) throws -> String {
        let commands = scripts.map { script -> JSONValue in
            var command = JSONObject([
                ("image", "python"), ("command", ["sh", "-c", .string(script)]), ("workdir", "/task"),
                ("stdout", "/task/said"),
            ])
            command["stdin"] = stdin.map { .string($0) }
            return .object(command)
        }
        return try site.createTask(
            test.researcher.caller,
            TaskDocument(
                json: [
                    "executors": .array(commands), "inputs": [["path": "/task/in", "content": "given\n"]],
                    "outputs": [["path": "/task/b", "url": "glovebox://release/b"]],
                    "resources": [
                        "backend_parameters": isolation.map { ["glovebox_isolation": .string($0)] } ?? [:],
                        "backend_parameters_strict": true,
                    ],
                ]
            ),
            idempotency: nil
        )
    }

    /// The verdict of who holds the evidence.
    func verdict(_ job: String, without left: Set<String> = []) throws -> Verdict {
        let all = try test.shownReceipt(job).files.filter { $0.path != NamedFiles.padding && !left.contains($0.path) }
        func files(_ wanted: (String) -> Bool) -> [String: [UInt8]] {
            Dictionary(all.filter { wanted($0.path) }.map { ($0.path, $0.content) }) { first, _ in first }
        }
        var options = VerifyOptions()
        options.acceptEmulated = true
        return ReportVerifier.verify(
            evidence: files { !TrustFiles.Name.all.contains($0) },
            trust: files { TrustFiles.Name.all.contains($0) },
            options: options
        )
    }

    /// The job once it has ended.
    func ended(_ job: String) throws -> JobEntry {
        for _ in 0..<6 where try !test.entry(job).job.phase.isTerminal {
            _ = try test.wait(for: job) { $0.job.phase.isTerminal }
        }
        return try test.entry(job)
    }

    /// Whether nothing of a worker's jails is left, or nothing that runs.
    func isClear(of worker: RunningProgram, ofProcessesAlone: Bool = false) throws -> Bool {
        let find = "find /sys/fs/cgroup -name 'glovebox-\(worker.pid).*'"
        let script = ofProcessesAlone ? "cat $(\(find) | sed 's,$,/cgroup.procs,') </dev/null" : find
        return try TestPrograms.run("/bin/sh", ["-c", "(\(script)) 2>/dev/null"]).output.isEmpty
    }
}

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

    @Test func `a node without a route takes a bundle to a verified release, once`() throws {
        let site = try NodeSite()
        let job = try site.task(["cat in in > b; echo said; mkdir empty"])
        #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
        let (node, other) = (try site.node("node-1"), try site.node("node-2"))
        let folder = try TestPrograms.scratch()
        let (bundle, result) = (folder + "/bundle", folder + "/result")
        let courier = BundleCourier(site.test.layout, task: job)
        #expect(throws: GloveboxError("worker.result", "")) {
            try StateFile.write([1], to: folder + "/none")
            try courier.handIn(folder + "/none")
        }
        try courier.write(for: "node-1", to: bundle)
        #expect(try FileStatus.of(bundle).permissions == 0o600)
        #expect(try site.test.entry(job).job.phase == .staging)
        #expect(throws: (any Error).self) { try courier.write(for: "node-1", to: folder + "/again") }
        let foreign = try site.carry(bundle, of: job, to: other, result)
        #expect(foreign.status == 1 && foreign.text.contains("worker.order"), "\(foreign)")
        let bytes = try Descriptor.open(bundle, O_RDONLY).readAll(limit: 512 << 20)
        try StateFile.write(Array(bytes.dropLast(40)), to: folder + "/cut")
        #expect(try site.carry(folder + "/cut", of: job, to: site.node("node-3"), result).status == 1)
        let run = try site.carry(bundle, of: job, to: node, result)
        #expect(run.status == 0 && run.text.isEmpty, "\(run)")
        let again = try site.carry(bundle, of: job, to: node, folder + "/second")
        #expect(again.status == 1 && again.text.contains("carried out before"), "\(again)")
        // Whatever a carrier changes, nothing of it is taken, and the job waits on.
        let good = try Descriptor.open(result, O_RDONLY).readAll(limit: 16 << 20)
        func place(of text: String) throws -> Int {
            try #require(good.indices.first { good[$0...].starts(with: Array(text.utf8)) })
        }
        var changed: [[UInt8]] = []
        // A file, and what the program said, which no statement of the node has.
        for at in [try place(of: "given\n"), try place(of: "said\n")] {
            changed.append(good)
            changed[changed.count - 1][at] ^= 0x20
        }
        for spoilt in [[], Array(good.dropLast()), good + [1], Array(good.dropFirst())] + changed {
            try StateFile.write(spoilt, to: folder + "/spoilt")
            #expect(throws: (any Error).self) { try courier.handIn(folder + "/spoilt") }
            #expect(try site.test.entry(job).job.phase == .staging)
        }
        try courier.handIn(result)
        let entry = try site.ended(job)
        #expect(entry.job.phase == .released, "\(entry.explanation ?? "") \(entry.job.reasons)")
        #expect(throws: GloveboxError("worker.result", "")) { try courier.handIn(result) }
        let files = try site.test.evidenceFiles(job).files
        #expect(files.first { $0.path.hasSuffix("-b") }?.content == Array("given\ngiven\n".utf8))
        #expect(try site.test.report(job).node == "node-1")
        let verdict = try site.verdict(job)
        #expect(verdict.checks.contains { $0.id == "node.statements" && $0.status == .passed }, "\(verdict)")
        #expect(!verdict.checks.contains { $0.status == .failed }, "\(verdict.story)")
        #expect(try site.test.findings().isEmpty)
    }

    @Test func `no bundle is written for what cannot run so, and a bundle's job can be cancelled`() throws {
        let site = try NodeSite()
        _ = try site.node("node-1")
        let place = try TestPrograms.scratch()
        func refuses(_ code: String, _ job: String, node: String = "node-1") throws {
            #expect(try site.test.wait(for: job) { $0.job.phase == .queued }.job.phase == .queued)
            #expect(throws: GloveboxError(code, "")) {
                try BundleCourier(site.test.layout, task: job).write(for: node, to: place + "/bundle")
            }
            #expect(unsafe access(place + "/bundle", F_OK) != 0)
            #expect(try site.test.entry(job).job.phase == .queued)
        }
        let job = try site.task(["cat in > b"])
        try refuses("object.not-found", job, node: "node-9")
        try refuses("worker.bundle", site.task(["true", "cat in > b"]))
        try refuses("worker.bundle", site.task(["cat > b"], stdin: "/task/in"))
        try refuses("worker.isolation", site.task(["cat in > b"], isolation: "full"))
        _ = try site.test.site.drainNode(NodeSite.boss, name: "node-1", reason: "repair")
        try refuses("node.draining", job)
        _ = try site.test.site.resumeNode(NodeSite.boss, name: "node-1", reason: "done")
        try BundleCourier(site.test.layout, task: job).write(for: "node-1", to: place + "/bundle")
        try site.test.cancel(job)
        #expect(try site.ended(job).job.phase == .cancelled)
        #expect(throws: GloveboxError("worker.result", "")) {
            try BundleCourier(site.test.layout, task: job).handIn(place + "/bundle")
        }
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
