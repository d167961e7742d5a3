import Glibc
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxSupervisor

@Suite struct ClusterSettingsTests {
    private func settings(_ cluster: String, executor: String = "cluster") throws -> ClusterSettings? {
        let path = try TestPrograms.scratch() + "/gloveboxd.yaml"
        let text = "jobs:\n  executor: \(executor)\n" + (cluster.isEmpty ? "" : "  cluster: {\(cluster)}\n")
        try Descriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600).write(Array(text.utf8))
        return try SiteSettings(reading: path).jobs.cluster
    }

    @Test func `a cluster's settings are complete, and its script has plain values alone`() throws {
        let slurm = try #require(try settings(""))
        let values = try ClusterScript.values(
            task: "job_x",
            needs: Resources(processors: 2, memory: 3 << 20, disk: 5),
            wall: 61,
            state: "/var/lib/glovebox"
        )
        let script = try ClusterScript.fill(slurm.template + "{{WallMinutes}} {{DiskMib}}", values)
        #expect(script.contains("--cpus-per-task=2 --mem=3M") && script.hasSuffix("61 1"))
        #expect(script.contains("gloveboxd worker run --state /var/lib/glovebox --task job_x\n"))
        #expect(!script.contains("{{"))
        for value in ["", "-x", "a b", "a;b", "$(x)", "a\nb", "\u{e9}", String(repeating: "a", count: 1025)] {
            #expect(throws: GloveboxError("config.invalid", ""), "\(value)") {
                try ClusterScript.fill("{{State}}", ["State": value])
            }
        }
        for refused in [
            "extract_id: \"(\"", "extract_id: \"[0-9]+\"", "submit: []", "submit: sbatch",
            "submit: [1]", "submit: [\"\"]", "cancel: [scancel]", "name: \"a b\"", "interval_seconds: 0", "other: 1",
        ] { #expect(throws: GloveboxError.self, "\(refused)") { try settings(refused) } }
        #expect(throws: GloveboxError("config.invalid", "")) { try settings("name: x", executor: "worker") }
        #expect(try settings("", executor: "local") == nil)
    }

    @Test(arguments: [
        ("12\n", "12"), ("12;cluster\n", "12"), ("Submitted 12", nil), ("", nil), ("-1", nil), ("1 2", "1"),
    ])
    func `a scheduler's id is taken from what it printed, or is none`(printed: String, id: String?) {
        #expect(ClusterSettings().id(in: printed) == id)
    }
}
