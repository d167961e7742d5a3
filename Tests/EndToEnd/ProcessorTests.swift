import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Tasks that ask for processors.
@Suite(.enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up"))
struct ProcessorTests {
    /// How many processors a list of the kernel's names, such as `0-1,3`.
    private func count(_ list: Substring) -> Int {
        list.split(separator: ",").reduce(0) { sum, part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            return sum + (ends.last ?? 0) - (ends.first ?? 0) + 1
        }
    }

    @Test func `a task has the processors it asks for, holds them while it runs, and no more than there are`() throws {
        let tasks = try TaskSite(settings: "jobs: {slots: 2}")
        defer { tasks.site.stop() }
        let refused = try tasks.make("true", cores: 3)
        #expect(refused["code"]?.string == "limit.exceeded" && refused["status"]?.integer == 400, "\(refused)")
        let script = "grep Cpus_allowed_list /proc/self/status >/task/b; sleep 2"
        let both = try tasks.submit(script, cores: 2)
        #expect(try tasks.becomes("RUNNING", both))
        let one = try tasks.submit(script)
        usleep(500_000)
        #expect(try tasks.state(one) == "QUEUED", "both places are taken")
        // A machine of one processor has no second to give.
        let all = min(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        for (job, wanted) in [(both, all), (one, 1)] {
            #expect(try tasks.becomes("COMPLETE", job))
            let line = try tasks.read("/glovebox/v1/jobs/\(job)/results/0")
            #expect(count(line.split(whereSeparator: \.isWhitespace).last ?? "") == wanted, "\(line)")
        }
    }
}
