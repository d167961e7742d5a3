import Glibc
import GloveboxCore
import GloveboxTransparency
import TestSupport
import Testing

private enum Slurm {
    static let isInstalled = ["slurmctld", "slurmd", "munged"].allSatisfy { name in
        unsafe access("/usr/sbin/" + name, X_OK) == 0
    }
}

/// Jobs that a real Slurm starts.
@Suite(
    .enabled(
        if: APISite.canServe && Slurm.isInstalled,
        "needs root, GLOVEBOX_THIRD_PARTY, the image base and Slurm; Deploy/test sets them up"
    )
)
final class SlurmTests {
    private let folder: String
    private let tasks: TaskSite
    private static let script = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/cluster/slurm"

    init() throws {
        let scratch = try TestPrograms.scratch()
        folder = scratch + "/slurm"
        #expect(unsafe chmod(scratch, 0o711) == 0, "munged wants its socket to be in everybody's reach")
        let ports = try ["\(TestServer.freePort())", "\(TestServer.freePort())"]
        let started = try TestPrograms.run(Self.script, ["up", folder] + ports)
        try #require(started.status == 0, "\(started.output)")
        let command = "env, SLURM_CONF=\(folder)/slurm.conf"
        tasks = try TaskSite(
            settings: """
                jobs:
                  executor: cluster
                  cluster:
                    submit: [\(command), sbatch, --parsable]
                    status: [\(command), squeue, --noheader, --me, --format=%i|%T|%r]
                    cancel: [\(command), scancel, "{{ExternalId}}"]
                    interval_seconds: 1
                """
        )
    }

    deinit {
        tasks.site.stop()
        do { _ = try TestPrograms.run(Self.script, ["down", folder]) } catch {}
    }

    private func slurm(_ program: String, _ arguments: String...) throws -> String {
        let outcome = try TestPrograms.run(
            "/usr/bin/" + program,
            arguments,
            environment: ["SLURM_CONF=\(folder)/slurm.conf"]
        )
        #expect(outcome.status == 0, "\(outcome.output)")
        return outcome.output
    }

    @Test func `Slurm takes a job to its release, says why another waits, and ends one that is taken back`() throws {
        let first = try tasks.submit("echo one >/task/b; sleep 4")
        #expect(try tasks.becomes("RUNNING", first))
        let second = try tasks.submit("sleep 600")
        #expect(
            try eventually {
                let waiting = try tasks.ask("/glovebox/v1/jobs/" + second)["waiting"]
                return waiting?["message"]?.string?.contains("slurm job 2 (Resources)") == true
            }
        )
        #expect(try tasks.becomes("COMPLETE", first))
        _ = try tasks.site.fetched(first)
        #expect(try tasks.becomes("RUNNING", second), "its processor is free")
        let third = try tasks.submit("sleep 600")
        #expect(try eventually { try slurm("squeue", "--noheader", "--format=%i %T").contains("3 PENDING") })
        _ = try tasks.ask("/v1/tasks/\(third):cancel", .object(JSONObject()))
        #expect(try tasks.becomes("CANCELED", third))
        #expect(try eventually { try !slurm("squeue", "--noheader", "--format=%i").contains("3") })
        // Only the worker: who ends the jail's processes with it ends the job as its own failure if they are first.
        _ = try slurm("scancel", "--batch", "--signal=KILL", "2")
        #expect(try tasks.becomes("SYSTEM_ERROR", second), "its worker is gone")
        #expect(try eventually { try slurm("squeue", "--noheader").isEmpty })
        #expect(try tasks.audit(second) == [.jobErrored])
        #expect(try tasks.site.endings()[first] == [.outputReleased])
    }
}
