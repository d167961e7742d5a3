import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// Many tasks from many sides, and a supervisor that is killed in the middle.
///
/// `GLOVEBOX_LOAD` makes it long: tasks, clients and kills, as in `2000 8 5`.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct CrashLoadTests {
    @Test func `every accepted job ends exactly once, however often the supervisor is killed`() throws {
        let size = (TestPrograms.variable("GLOVEBOX_LOAD") ?? "16 4 2").split(separator: " ").compactMap { Int($0) }
        try #require(size.count == 3)
        let (tasks, clients, kills) = (size[0], size[1], size[2])
        let site = try APISite()
        defer { site.stop() }
        let token = try site.person("alice", "researcher")
        var supervisors = [try site.owner()]
        let (client, output) = try TestPrograms.start(
            "/usr/bin/python3",
            [
                TestPrograms.repository + "/Tests/Soak/load_client.py", site.url, site.certificate, token, "\(tasks)",
                "\(clients)",
            ]
        )
        defer { client.kill() }
        var said = ""
        var deaths = 0
        while case let more = try output.read(upTo: 4096), !more.isEmpty {
            said += String(decoding: more, as: UTF8.self)
            let accepted = said.split(separator: "\n").count { $0.hasPrefix("accepted") }
            while deaths < kills, accepted > tasks * (deaths + 1) / (kills + 2) {
                deaths += 1
                try site.restart()
                supervisors.append(try site.owner())
            }
        }
        #expect(deaths == kills && said.hasSuffix("DONE\n"), "\(said.suffix(4000))")
        #expect(try client.wait() == 0)
        // The last start finishes what is still to be cleaned; nothing is left when it is over.
        try site.restart()
        supervisors.append(try site.owner())
        try site.end()
        let log = ["--log", site.state + "/log", "--key", try site.key()]
        for command in ["verify", "gaps"] {
            let outcome = try TestPrograms.run("glovebox", ["audit", command] + log)
            #expect(outcome.status == 0, "\(outcome.output)")
        }
        let ends = try site.endings()
        #expect(
            ends.count == tasks && ends.values.allSatisfy { $0.count == 1 },
            "\(ends.filter { $0.value.count != 1 })"
        )
        let leftovers = try leftovers(of: site, supervisors)
        #expect(leftovers.isEmpty, "\(leftovers)")
    }

    /// Processes, mounts, control groups and half-written files of a site that is not running.
    private func leftovers(of site: APISite, _ supervisors: [String]) throws -> [String] {
        let script = """
            cd /proc
            for process in [0-9]*; do
                [ "$process" = $$ ] && continue
                if { tr '\\0' ' ' <$process/cmdline; } 2>/dev/null | grep -qF "$1"; then echo "process $process"; fi
                for owner in $2; do
                    if grep -qF "$owner" $process/cgroup 2>/dev/null; then echo "process $process of $owner"; fi
                done
            done
            grep -F "$1" self/mountinfo | sed 's/^/mount /'
            for owner in $2; do find /sys/fs/cgroup -name "*glovebox-*$owner*" 2>/dev/null | sed 's/^/group /'; done
            find "$1" \\( -name '*.new' -o -name '*.tmp*' -o -path '*/incoming/*' \\) | sed 's/^/file /'
            """
        // The kernel takes the last jails down in its own time.
        var found: [String] = []
        for _ in 0..<100 {
            let arguments = ["-c", script, "sh", site.state, supervisors.joined(separator: " ")]
            let outcome = try TestPrograms.run("/bin/sh", arguments)
            found = outcome.output.split(separator: "\n").map(String.init)
            if found.isEmpty { break }
            usleep(100_000)
        }
        return found
    }
}
