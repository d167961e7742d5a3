import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// Jobs whose jails are the children of a process of their own.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct WorkerTests {
    private let tasks: TaskSite
    private var site: APISite { tasks.site }

    init() throws { tasks = try TaskSite(settings: "jobs: {executor: worker}") }

    private func start(_ id: String) throws -> (RunningProgram, Descriptor) {
        try TestPrograms.start("glovebox", ["worker", "run", "--state", site.state, "--task", id])
    }

    /// What a worker said, and its exit status.
    private func end(_ worker: (process: RunningProgram, output: Descriptor)) throws -> (status: Int32, text: String) {
        let text = String(decoding: try worker.output.readAll(limit: 1 << 16), as: UTF8.self)
        let raw = try worker.process.wait()
        return (raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f), text)
    }

    /// The launchers that are children of a process.
    private func launchers(of process: RunningProgram) throws -> [Int32] {
        let script = "cat /proc/[0-9]*/stat 2>/dev/null | grep -F '(glovebox-jail)' || true"
        let lines = try TestPrograms.run("/bin/sh", ["-c", script]).output.split(separator: "\n")
        return lines.compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 4 && fields[3] == "\(process.pid)" ? Int32(fields[0]) : nil
        }
    }

    /// Whether nothing is left of a worker's jails: no launcher, and no control group with what ran in it.
    private func isClear(of worker: RunningProgram, _ jails: [Int32]) throws -> Bool {
        let script = "find /sys/fs/cgroup -name 'glovebox-\(worker.pid).*' 2>/dev/null"
        let groups = try TestPrograms.run("/bin/sh", ["-c", script]).output
        // One that nobody has waited for yet runs no program.
        return groups.isEmpty && jails.allSatisfy { unsafe access("/proc/\($0)/exe", F_OK) != 0 }
    }

    @Test func `a worker takes a job to its verified release, and its jails are its children`() throws {
        defer { site.stop() }
        let id = try tasks.submit("echo one >/task/a; cat a a >/task/b; sleep 1")
        #expect(try tasks.becomes("QUEUED", id))
        let worker = try start(id)
        #expect(try eventually { try !launchers(of: worker.0).isEmpty })
        let (status, text) = try end(worker)
        #expect(status == 0 && text.isEmpty, "\(text)")
        #expect(try tasks.becomes("COMPLETE", id))
        _ = try site.fetched(id)
        // There is nothing left to come for.
        let late = try end(start(id))
        #expect(late.status == 1 && ["job.phase", "object.not-found"].contains { late.text.contains($0) }, "\(late)")
        #expect(try tasks.audit(id) == [.outputReleased])
    }

    @Test func `a job has one worker of the site's own; one that is killed ends it once, with its jail`() throws {
        defer { site.stop() }
        let id = try tasks.submit("sleep 600")
        #expect(try tasks.becomes("QUEUED", id))
        let worker = try start(id)
        #expect(try tasks.becomes("RUNNING", id))
        try expectStrangersRefused()
        let second = try end(start(id))
        #expect(second.status == 1 && second.text.contains("worker.taken"), "\(second)")
        let jails = try launchers(of: worker.0)
        #expect(jails.count == 1)
        worker.0.kill()
        #expect(try end(worker).status == 137)
        #expect(try tasks.becomes("SYSTEM_ERROR", id))
        #expect(try eventually { try isClear(of: worker.0, jails) })
        let third = try end(start(id))
        #expect(third.status == 1, "\(third)")
        #expect(try tasks.audit(id) == [.jobErrored])
    }

    @Test func `a killed supervisor takes its worker's jail with it, and the job waits for another`() throws {
        defer { site.stop() }
        let id = try tasks.submit("sleep 600")
        #expect(try tasks.becomes("QUEUED", id))
        let worker = try start(id)
        #expect(try tasks.becomes("RUNNING", id))
        let jails = try launchers(of: worker.0)
        try site.restart()
        let orphan = try end(worker)
        #expect(orphan.status == 1 && orphan.text.contains("worker.orphaned"), "\(orphan)")
        #expect(try jails.count == 1 && eventually { try isClear(of: worker.0, jails) })
        // It touched no data, so it may run again; nobody has come for it yet.
        #expect(try tasks.becomes("QUEUED", id))
        let next = try start(id)
        #expect(try tasks.becomes("RUNNING", id))
        _ = try tasks.ask("/v1/tasks/\(id):cancel", .object(JSONObject()))
        let (status, text) = try end(next)
        #expect(status == 0, "\(text)")
        #expect(try tasks.becomes("CANCELED", id))
        #expect(try tasks.audit(id) == [.jobCancelled])
    }

    @Test(.enabled(if: TestPrograms.image("python") != nil, "needs the image python"))
    func `a worker takes a job on private data to its verified release: key, rows and checks are the supervisor's`()
        throws
    {
        site.stop()
        let served = try ServedSite(settings: "jobs: {executor: worker}")
        defer { served.end() }
        let fixture = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs"
        let id = try served.submit(fixture, wall: "15s", ["python3", "main.py"])
        func status() throws -> String { try served.must(["status", id, "--json", "--profile", "alice"]) }
        #expect(try eventually { try status().contains("approval.quorum") })
        _ = try served.must(["approve", id, "--yes", "-m", "fine", "--profile", "rita"])
        #expect(try eventually { try status().contains("\"queued\"") }, "it waits for a worker")
        let worker = try TestPrograms.start("glovebox", ["worker", "run", "--state", served.state, "--task", id])
        #expect(try eventually { try !launchers(of: worker.0).isEmpty }, "the jail is the worker's child")
        let (code, text) = try end(worker)
        #expect(code == 0 && text.isEmpty, "\(text)")
        #expect(try eventually { try status().contains("\"released\"") })
        // Verified before it is written.
        let target = try TestPrograms.scratch() + "/results"
        _ = try served.must(["fetch", id, "-o", target, "--profile", "alice"])
        #expect(try Descriptor.open(target + "/table.csv", O_RDONLY).readAll(limit: 1 << 20).count > 20)
        let entries = try TestPrograms.run("/bin/grep", ["-rohaF", "\"key.released\"", served.state + "/log/tile"])
        #expect(!entries.output.isEmpty, "the broker released the key to a measured run")
    }

    /// Sends those away who are no workers of this site, or have no job here.
    private func expectStrangersRefused() throws {
        let unknown = try end(start("job_00000000000000000000000000"))
        #expect(unknown.status == 1 && unknown.text.contains("object.not-found"), "\(unknown)")
        // The same program under another name is another file.
        let copy = try TestPrograms.scratch() + "/gloveboxd"
        try #require(try TestPrograms.run("/bin/cp", [TestPrograms.path("gloveboxd"), copy]).status == 0)
        let foreign = try TestPrograms.run(copy, ["worker", "run", "--state", site.state, "--task", "job_x"])
        #expect(foreign.status == 1 && foreign.output.contains("worker.foreign"), "\(foreign)")
        let nowhere = try TestPrograms.run(
            "gloveboxd",
            ["worker", "run", "--state", try TestPrograms.scratch(), "--task", "job_x"]
        )
        #expect(nowhere.status == 1 && nowhere.output.contains("worker.unreachable"), "\(nowhere)")
    }
}
