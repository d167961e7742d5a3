import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// What an operator's own tools see of a site.
@Suite struct OperationsTests {
    /// A site on a small disk of its own, as root can mount one.
    private struct SmallDisk {
        let path: String

        init(megabytes: Int) throws {
            path = try TestPrograms.scratch()
            let options = ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=700", "tmpfs", path]
            try #require(try TestPrograms.run("/usr/bin/mount", options).status == 0)
        }

        func end() { unsafe _ = umount2(path, 2) }
    }

    private func get(_ url: String) throws -> (code: String, body: String) {
        let answer = try TestPrograms.run("/usr/bin/curl", ["-s", "-w", "\n%{http_code}", url]).output
        let end = answer.lastIndex(of: "\n") ?? answer.startIndex
        return (String(answer[end...].dropFirst()), String(answer[..<end]))
    }

    private func port() throws -> Int { 20_000 + Int(getpid()) % 20_000 }

    @Test(.enabled(if: geteuid() == 0, "only root has capabilities to give up"))
    func `the capabilities that the unit for systemd leaves are enough for every protection`() throws {
        let unit = TestPrograms.repository + "/Deploy/gloveboxd.service"
        let text = String(decoding: try Descriptor.open(unit, O_RDONLY).readAll(limit: 1 << 16), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("CapabilityBoundingSet=") })
        let kept = line.split(separator: "=")[1].split(separator: " ").map { "+" + $0.dropFirst(4).lowercased() }
        #expect(kept.count < 30 && kept.allSatisfy { $0.count > 3 })
        let set = (["-all"] + kept).joined(separator: ",")
        let doctor = TestPrograms.path("glovebox")
        let outcome = try TestPrograms.run("/usr/bin/setpriv", ["--bounding-set", set, doctor, "doctor", "--json"])
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    @Test func `a site that is told to end has published all of its log, its end included`() throws {
        let state = try TestPrograms.scratch()
        let founding = ["init", "--state", state, "--name", "t", "--origin", "log.t.example", "--plan-quorum", "1"]
        try #require(try TestPrograms.run("gloveboxd", founding).status == 0)
        // The publisher looks ten times a second: one end could be lucky.
        for run in 1...5 {
            let (daemon, output) = try TestPrograms.start("gloveboxd", ["serve", "--state", state, "--accept-disk"])
            var line: [UInt8] = []
            while !String(decoding: line, as: UTF8.self).contains("ready") {
                let more = try output.read(upTo: 512)
                try #require(!more.isEmpty, "\(String(decoding: line, as: UTF8.self))")
                line += more
            }
            #expect(kill(daemon.pid, SIGTERM) == 0)
            #expect(try daemon.wait() == 0)
            let entries = try TestPrograms.run(
                "/bin/grep",
                ["-rohaF", "\"supervisor.stop\"", state + "/log/tile/entries"]
            )
            #expect(entries.output.split(separator: "\n").count >= run)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "a disk of its own needs root"))
    func `figures and readiness are served, and a full disk makes a site not ready`() throws {
        let disk = try SmallDisk(megabytes: 200)
        defer { disk.end() }
        let state = disk.path + "/state"
        let founding = ["init", "--state", state, "--name", "t", "--origin", "log.t.example", "--plan-quorum", "1"]
        let founded = try TestPrograms.run("gloveboxd", founding)
        try #require(founded.status == 0, "\(founded.output)")
        let settings = "metrics:\n  listen: \"127.0.0.1:\(try port())\"\n"
        try Descriptor.open(state + "/gloveboxd.yaml", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            .write(Array(settings.utf8))
        let (daemon, output) = try TestPrograms.start("gloveboxd", ["serve", "--state", state, "--accept-disk"])
        defer {
            daemon.kill()
            do { _ = try daemon.wait() } catch {}
        }
        var line: [UInt8] = []
        while !String(decoding: line, as: UTF8.self).contains("ready") {
            let more = try output.read(upTo: 512)
            try #require(!more.isEmpty, "\(String(decoding: line, as: UTF8.self))")
            line += more
        }
        let url = "http://127.0.0.1:\(try port())"
        #expect(try eventually { try get(url + "/healthz").code == "200" })
        let figures = try get(url + "/metrics").body
        for name in [
            "glovebox_jobs{phase=\"queued\"} 0", "glovebox_log_writable 1", "glovebox_disk_free_bytes{use=",
            "# TYPE glovebox_http_request_seconds histogram", "glovebox_approvals_waiting 0",
            "# TYPE glovebox_log_fsync_seconds histogram", "glovebox_witness_cosignatures 0\n",
        ] {
            #expect(figures.contains(name), "\(figures)")
        }
        // What the start logged is published within a second.
        #expect(try eventually { try get(url + "/metrics").body.contains("\nglovebox_log_checkpoint_age_seconds ") })
        #expect(try get(url + "/other").code == "404")
        func isRoomy(_ ok: Bool) throws -> Bool {
            let answer = try get(url + "/readyz")
            let checks = try JSONReader.read(Array(answer.body.utf8))["checks"]?.array ?? []
            let check = checks.first { $0["name"]?.string == "disk" }
            return check?["ok"]?.bool == ok && (ok || answer.code == "503")
        }
        #expect(try isRoomy(true))
        let fill = try DiskSpace(of: disk.path).available - (5 << 20)
        try #require(try TestPrograms.run("/usr/bin/fallocate", ["-l", "\(fill)", disk.path + "/ballast"]).status == 0)
        #expect(try isRoomy(false))
        try #require(unsafe unlink(disk.path + "/ballast") == 0)
        #expect(try isRoomy(true))
    }
}
