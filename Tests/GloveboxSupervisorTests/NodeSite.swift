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
struct NodeSite {
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
