import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// `glovebox audit selftest`.
@Suite struct SelftestTests {
    private let path: String

    init() throws { path = try TestPrograms.scratch() + "/log" }

    private func selftest(_ options: [String]) throws -> TestPrograms.Outcome {
        try TestPrograms.run("glovebox", ["audit", "selftest", "--log", path] + options)
    }

    private func file(_ name: String) throws -> [UInt8] {
        try Descriptor.open(path + "/" + name, O_RDONLY).readAll(limit: 1 << 20)
    }

    @Test func `the self-test tells each acknowledgement once, and ends with all of them published`() throws {
        let run = try selftest(["--writers", "5", "--count", "300", "--print-acks", "--json"])
        #expect(run.status == 0, "\(run.output)")
        let lines = run.output.split(separator: "\n")
        let acknowledged = lines.filter { $0.hasPrefix("ACK ") }.map { $0.split(separator: " ") }
        #expect(acknowledged.compactMap { Int($0[1]) }.sorted() == Array(0..<300))
        #expect(acknowledged.allSatisfy { $0.count == 3 && Base64.decode(String($0[2]))?.count == 32 })
        let tile = try file("tile/0/000")
        for line in acknowledged {
            let index = try #require(Int(line[1]))
            guard index < 256 else { continue }
            #expect(Base64.decode(String(line[2])) == Array(tile[32 * index..<32 * index + 32]))
        }
        let report = try JSONReader.read(Array(try #require(lines.last { $0.hasPrefix("{") }).utf8))
        #expect(report["size"]?.integer == 300)
        #expect(report["writers"]?.integer == 5)
        for member in ["eventsPerSecond", "appendP50", "appendP99", "syncP50", "memory"] {
            #expect(try #require(report[member]?.integer) > 0, "\(member)")
        }
        #expect(try file("checkpoint").starts(with: Array("log.selftest.example\n300\n".utf8)))
        #expect(try file("log.selftest.example.vkey").starts(with: Array("log.selftest.example+".utf8)))
    }

    @Test func `the self-test makes a log once, and goes on with it when told to`() throws {
        #expect(try selftest(["--count", "10", "--writers", "2"]).status == 0)
        let again = try selftest(["--count", "10"])
        #expect(again.status == 1 && again.output.contains("log.exists"))
        #expect(try selftest(["--count", "10", "--resume"]).status == 0)
        #expect(try file("checkpoint").starts(with: Array("log.selftest.example\n20\n".utf8)))
    }

    @Test(arguments: [
        ["--writers", "0"], ["--count", "-1"], ["--keys", "A b"], ["--segment-bytes", "10"], ["--what"],
    ])
    func `the self-test refuses options it does not know`(options: [String]) throws {
        let run = try selftest(options)
        #expect(run.status == 2, "\(run.output)")
        #expect(throws: SyscallError.self) { try file("checkpoint") }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root to mount"))
    func `a site on a disk that forgets is not served, unless its operator takes the risk`() throws {
        let program = TestPrograms.path("gloveboxd")
        let script = """
            mount -t tmpfs -o size=256m none /mnt &&
            \(program) init --state /mnt/s --name t --origin log.t.example --plan-quorum 1 >/dev/null &&
            { \(program) serve --state /mnt/s; echo "status $?"; \(program) serve --state /mnt/s --accept-disk & } 2>&1 |
            while read -r line; do
                echo "$line"
                case $line in ready*) kill -TERM $(pgrep -f "serve --state /mnt/s --accept-disk"); esac
            done
            """
        let run = try TestPrograms.run(
            "/usr/bin/unshare",
            ["--mount", "--pid", "--fork", "--mount-proc", "/bin/sh", "-c", script]
        )
        #expect(run.output.contains("[store.disk]") && run.output.contains("tmpfs"), "\(run.output)")
        #expect(run.output.contains("--accept-disk") && run.output.contains("status 1"), "\(run.output)")
        #expect(run.output.contains("\nready unix://"), "\(run.output)")
    }

    @Test(.enabled(if: geteuid() == 0, "needs root to mount"))
    func `the self-test warns of a file system that forgets, and of syncs too fast to be true`() throws {
        let program = TestPrograms.path("gloveboxd") + " selftest"
        let run = try TestPrograms.run(
            "/usr/bin/unshare",
            [
                "--mount", "/bin/sh", "-c",
                "mount -t tmpfs -o size=64m none /mnt && \(program) --log /mnt/log --count 1 2>&1",
            ]
        )
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("warning: tmpfs does not keep a log"))
        #expect(run.output.contains("faster than any disk"))
    }

    @Test func `a second writer on the same log is refused`() throws {
        let (process, output) = try TestPrograms.start(
            "gloveboxd",
            ["selftest", "--log", path, "--count", "100000000", "--writers", "1", "--print-acks"]
        )
        _ = try output.read(upTo: 16)
        let second = try selftest(["--resume", "--count", "1"])
        #expect(second.status == 1 && second.output.contains("log.locked"))
        kill(process.pid, SIGKILL)
        _ = try process.wait()
        #expect(try selftest(["--resume", "--count", "1"]).status == 0)
    }
}
