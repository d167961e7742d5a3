import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// A served site and a node of it, with the command line alone.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct NodeWorkerTests {
    private let tasks: TaskSite
    private let port: Int
    private let node: String
    private var site: APISite { tasks.site }

    init() throws {
        port = try TestServer.freePort()
        tasks = try TaskSite(
            settings:
                "jobs: {executor: worker, nodes: {listen: \"127.0.0.1:\(port)\", tls: {cert: tls.pem, key: tls.key}}}"
        )
        node = try TestPrograms.scratch()
        let state = tasks.site.state
        for command in [
            ["request", "--name", "blade-7", "--keys", node],
            ["enroll", node + "/node.csr", "-o", node + "/node.pem", "--profile", state + "/operator"],
        ] {
            let outcome = try TestPrograms.run("glovebox", ["node"] + command)
            try #require(outcome.status == 0, "\(outcome.output)")
        }
        // Beside the certificate stands what the node is to believe.
        for (from, name) in [(tasks.site.certificate, "site.pem"), (state + "/broker/root.pem", "root.pem")] {
            try #require(try TestPrograms.run("/usr/bin/cmp", [from, node + "/" + name]).status == 0)
        }
    }

    private func start(_ id: String) throws -> (RunningProgram, Descriptor) {
        let place = ["--supervisor", "127.0.0.1:\(port)", "--node-keys", node]
        return try TestPrograms.start("glovebox", ["worker", "run", "--task", id] + place)
    }

    /// What a worker said, and its exit status.
    private func end(_ worker: (process: RunningProgram, output: Descriptor)) throws -> (status: Int32, text: String) {
        let text = String(decoding: try worker.output.readAll(limit: 1 << 16), as: UTF8.self)
        let raw = try worker.process.wait()
        return (raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f), text)
    }

    private func list() throws -> String {
        let outcome = try TestPrograms.run("glovebox", ["node", "list", "--profile", site.state + "/operator"])
        try #require(outcome.status == 0, "\(outcome.output)")
        return outcome.output
    }

    @Test func `an operator carries a job to a node and its result back, with the command line`() throws {
        defer { site.stop() }
        let id = try tasks.submit("echo one >/task/a; cat /task/a /task/a >/task/b")
        #expect(try tasks.becomes("QUEUED", id))
        let (bundle, result) = (node + "/bundle", node + "/result")
        let (here, job) = (["--state", site.state], ["--task", id])
        for command in [
            ["bundle"] + here + job + ["--node", "blade-7", "-o", bundle],
            ["run"] + job + ["--bundle", bundle, "--result", result, "--node-keys", node],
            ["result"] + here + job + [result],
        ] {
            let outcome = try TestPrograms.run("glovebox", ["worker"] + command)
            #expect(outcome.status == 0 && outcome.output.isEmpty, "\(command): \(outcome.output)")
        }
        #expect(try tasks.becomes("COMPLETE", id))
        let second = try TestPrograms.run("glovebox", ["worker", "result"] + here + job + [result])
        #expect(second.status == 1 && second.output.contains("worker.result"), "\(second.output)")
    }

    @Test func `a node that was enrolled takes a job to what its researcher verifies and fetches`() throws {
        defer { site.stop() }
        let id = try tasks.submit("echo one >/task/a; cat a a >/task/b; sleep 2")
        #expect(try tasks.becomes("QUEUED", id))
        let worker = try start(id)
        #expect(try eventually { try list().contains("runs \(id)") })
        let (status, text) = try end(worker)
        #expect(status == 0 && text.isEmpty, "\(text)")
        #expect(try tasks.becomes("COMPLETE", id))
        let place = try site.fetched(id)
        let signed = try Descriptor.open(place + "/nodes/1.dsse.json", O_RDONLY).readAll(limit: 1 << 16)
        #expect(!signed.isEmpty, "what the node signed is part of the evidence")
        #expect(try !list().contains("connected since"))
        #expect(try tasks.audit(id) == [.outputReleased])
    }

    @Test func `a site that is killed takes its node's jail with it, and the job waits for a node again`() throws {
        defer { site.stop() }
        let id = try tasks.submit("sleep 600")
        #expect(try tasks.becomes("QUEUED", id))
        let worker = try start(id)
        #expect(try tasks.becomes("RUNNING", id))
        try site.restart()
        let orphan = try end(worker)
        #expect(orphan.status == 1 && orphan.text.contains("worker.orphaned"), "\(orphan)")
        let script = "find /sys/fs/cgroup -name 'glovebox-\(worker.0.pid).*' 2>/dev/null"
        #expect(try TestPrograms.run("/bin/sh", ["-c", script]).output.isEmpty, "nothing of its jail is left")
        #expect(try tasks.becomes("QUEUED", id))
        let next = try start(id)
        #expect(try tasks.becomes("RUNNING", id))
        _ = try tasks.ask("/v1/tasks/\(id):cancel", .object(JSONObject()))
        let (status, text) = try end(next)
        #expect(status == 0, "\(text)")
        #expect(try tasks.becomes("CANCELED", id))
        #expect(try tasks.audit(id) == [.jobCancelled])
    }
}
