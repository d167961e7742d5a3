import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// Jobs that a cluster's scheduler starts, here one that misbehaves when it is told to.
@Suite(.enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up"))
struct ClusterTests {
    /// A site with its scheduler.
    private struct Cluster {
        let tasks: TaskSite
        /// What the scheduler has been given, and how it is told to behave.
        let folder: String

        init(_ behaviour: String...) throws {
            folder = try TestPrograms.scratch()
            let commands = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/cluster"
            for name in behaviour { try Self.touch(folder + "/" + name) }
            tasks = try TaskSite(
                settings: """
                    jobs:
                      executor: cluster
                      cluster:
                        submit: [\(commands)/sbatch, \(folder)]
                        status: [\(commands)/squeue, \(folder)]
                        cancel: [\(commands)/scancel, \(folder), "{{ExternalId}}"]
                        interval_seconds: 1
                        command_seconds: 2
                    """
            )
        }

        private static func touch(_ path: String) throws {
            _ = try Descriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644)
        }

        func stop(_ behaviour: String) throws { try #require(unsafe unlink(folder + "/" + behaviour) == 0) }

        /// How many jobs it was given.
        func given() throws -> Int {
            let listed = try TestPrograms.run("/bin/sh", ["-c", "ls -d \(folder)/*/ 2>/dev/null | wc -l"]).output
            return Int(listed.split(separator: "\n").first ?? "") ?? -1
        }

        func text(_ name: String) throws -> String {
            String(decoding: try Descriptor.open(folder + "/" + name, O_RDONLY).readAll(limit: 1 << 16), as: UTF8.self)
        }

        /// What the job's waiting object says, as its researcher reads it.
        func waiting(_ id: String) throws -> (code: String, message: String) {
            let object = try tasks.ask("/glovebox/v1/jobs/" + id)["waiting"]
            return (object?["code"]?.string ?? "", object?["message"]?.string ?? "")
        }
    }

    private let script = "echo one >/task/b; sleep 1"

    @Test func `a job is handed in with what it needs, and its worker takes it to its verified release`() throws {
        let cluster = try Cluster()
        defer { cluster.tasks.site.stop() }
        let id = try cluster.tasks.submit(script)
        #expect(try cluster.tasks.becomes("COMPLETE", id))
        _ = try cluster.tasks.site.fetched(id)
        let handed = try cluster.text("1/script")
        #expect(handed.contains("--job-name=\(id) --ntasks=1 --cpus-per-task=1 --mem=2048M"), "\(handed)")
        #expect(handed.contains("gloveboxd worker run --state \(cluster.tasks.site.state) --task \(id)"), "\(handed)")
        #expect(try cluster.given() == 1 && cluster.tasks.audit(id) == [.outputReleased])
        #expect(try cluster.text("1/output").isEmpty, "a worker has nothing to say")
    }

    @Test func `a job that waits in the cluster says so, is handed in once over a restart, can be cancelled`() throws {
        let cluster = try Cluster("hold")
        defer { cluster.tasks.site.stop() }
        let id = try cluster.tasks.submit(script)
        #expect(try eventually { try cluster.waiting(id).message.contains("slurm job 1 (Resources)") })
        #expect(try cluster.waiting(id).code == "scheduler.pending")
        try cluster.tasks.site.restart()
        #expect(try eventually { try cluster.waiting(id).message.contains("slurm job 1 (Resources)") })
        #expect(try cluster.given() == 1)
        _ = try cluster.tasks.ask("/v1/tasks/\(id):cancel", .object(JSONObject()))
        #expect(try cluster.tasks.becomes("CANCELED", id))
        #expect(try eventually { try cluster.text("cancelled") == "1\n" })
        #expect(try cluster.tasks.audit(id) == [.jobCancelled])
    }

    @Test(arguments: ["fail", "hang"])
    func `a scheduler that fails or hangs keeps jobs waiting, and no longer than that`(behaviour: String) throws {
        let cluster = try Cluster(behaviour)
        defer { cluster.tasks.site.stop() }
        let (id, other) = (try cluster.tasks.submit(script), try cluster.tasks.submit(script))
        #expect(try eventually { try cluster.waiting(id).code == "scheduler.pending" })
        _ = try cluster.tasks.ask("/v1/tasks/\(other):cancel", .object(JSONObject()))
        #expect(try cluster.tasks.becomes("CANCELED", other))
        try cluster.stop(behaviour)
        #expect(try cluster.tasks.becomes("COMPLETE", id))
        #expect(try cluster.given() == 1)
    }

    @Test func `a job that the scheduler loses again and again ends, and says so`() throws {
        let cluster = try Cluster("lose")
        defer { cluster.tasks.site.stop() }
        let id = try cluster.tasks.submit(script)
        #expect(try eventually { try cluster.tasks.state(id) == "SYSTEM_ERROR" })
        #expect(try cluster.given() == 3)
        let job = try cluster.tasks.ask("/glovebox/v1/jobs/" + id)
        #expect(job["phase"]?.string == "expired" && job["reasons"]?.array == ["cluster.lost"], "\(job)")
        #expect(try cluster.tasks.audit(id) == [.jobExpired])
    }

    @Test func `a scheduler that gives one id twice starts each job once`() throws {
        let cluster = try Cluster("repeat")
        defer { cluster.tasks.site.stop() }
        let jobs = [try cluster.tasks.submit(script), try cluster.tasks.submit(script)]
        for id in jobs { #expect(try cluster.tasks.becomes("COMPLETE", id)) }
        #expect(try cluster.given() == 2)
        for id in jobs { _ = try cluster.tasks.site.fetched(id) }
    }
}
