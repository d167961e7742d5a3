import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// `glovebox doctor` on this host.
@Suite(.serialized) struct DoctorTests {
    private struct Answer {
        let status: Int32
        let checks: [String: JSONValue]

        func status(_ id: String) -> String? { checks[id]?["status"]?.string }

        func detail(_ id: String) -> String { checks[id]?["detail"]?.string ?? "" }

        var failed: [String] { checks.keys.filter { status($0) == "fail" }.sorted() }
    }

    private static let isRoot = geteuid() == 0

    private func answer(_ program: String, _ arguments: [String]) throws -> Answer {
        let run = try TestPrograms.run(program, arguments)
        let value = try JSONReader.read(Array(run.output.utf8.filter { $0 != 10 }))
        #expect(value["rootOfTrust"]?.string == "emulated")
        var checks: [String: JSONValue] = [:]
        for check in value["checks"]?.array ?? [] {
            let id = try #require(check["id"]?.string)
            #expect(checks.updateValue(check, forKey: id) == nil, "\(id) stands twice")
        }
        return Answer(status: run.status, checks: checks)
    }

    @Test(.enabled(if: DoctorTests.isRoot, "needs root"))
    func `the doctor finds nothing wrong with a host on which jails run`() throws {
        let answer = try answer("glovebox", ["doctor", "--json"])
        #expect(answer.failed == [])
        #expect(answer.status == 0)
        #expect(answer.checks.count >= 40)
        #expect(answer.checks.keys.count { $0.hasPrefix("attack-") } >= 30)
        #expect(answer.status("unique-ids") == "ok")
        for id in ["broker-user", "signer-user"] {
            #expect(answer.status(id) == "ok" && answer.detail(id).contains("uid "))
        }
        #expect(answer.status("limit-memory") == "ok" && answer.status("end-daemon") == "ok")
    }

    @Test(.enabled(if: DoctorTests.isRoot, "needs root"))
    func `the doctor's attacks succeed outside the jail, so a stopped one proves something`() throws {
        let answer = try answer("glovebox", ["doctor", "--json"])
        // These no Linux keeps from root.
        for id in [
            "attack-inet", "attack-netlink", "attack-mount", "attack-ptrace", "attack-process-memory", "attack-clock",
            "attack-signal-host", "attack-host-socket", "attack-host-process", "attack-shadow", "attack-write-etc",
            "attack-run-file", "attack-devices", "attack-descriptors", "limit-processes", "limit-scratch",
            "limit-scratch-files", "limit-stdout", "limit-wall-clock", "end-daemon",
        ] {
            #expect(answer.status(id) == "ok")
            #expect(!answer.detail(id).contains("on the host already"), "\(id): \(answer.detail(id))")
        }
    }

    @Test(.enabled(if: DoctorTests.isRoot, "needs root to become another user"))
    func `the doctor tells an ordinary user what is weaker`() throws {
        let other = ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
        let program = TestPrograms.path("glovebox")
        let answer = try answer("/usr/bin/setpriv", other + [program, "doctor", "--json"])
        #expect(answer.failed == [])
        #expect(answer.status == 0)
        #expect(answer.status("unique-ids") == "warn")
        #expect(answer.status("id-ranges") == "warn")
        for name in ["broker", "signer"] {
            let id = name + "-user"
            #expect(answer.status(id) == "warn" && answer.detail(id).contains("separate-" + name))
        }
        #expect(answer.status("attack-inet") == "ok")
    }

    @Test(.enabled(if: DoctorTests.isRoot, "needs root to become another user"))
    func `the doctor finds ids of their own for the jails of a user who is granted some`() throws {
        // Only a mount namespace of the test's own shows the grant.
        let script = """
            set -e; grants=$(mktemp); trap 'rm -f "$grants"' EXIT; echo nobody:200000:65536 >"$grants"; chmod 644 "$grants"
            for file in subuid subgid; do mount --bind "$grants" /etc/$file; done
            setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$0" doctor --json
            """
        let arguments = ["--mount", "--propagation", "private", "sh", "-c", script, TestPrograms.path("glovebox")]
        let answer = try answer("/usr/bin/unshare", arguments)
        #expect(answer.failed == [])
        if answer.detail("id-ranges").contains("before 6.3") {  // nothing is mapped there, and so it says
            #expect(answer.status("id-ranges") == "warn" && answer.status("unique-ids") == "warn")
            return
        }
        for id in ["id-ranges", "unique-ids", "groups-empty", "attack-inet", "attack-signal-init"] {
            #expect(answer.status(id) == "ok", "\(id): \(answer.detail(id))")
        }
    }

    @Test(.enabled(if: DoctorTests.isRoot, "needs root"))
    func `the doctor fails where user namespaces are forbidden, and names the setting`() throws {
        // The limit is set in a user namespace of the test's own, not on the host.
        let script = """
            echo 0 > /proc/sys/user/max_user_namespaces &&
            exec setpriv --ambient-caps=-all --inh-caps=-all "$0" doctor --json
            """
        let own = ["-U", "--map-user=1000", "--map-group=1000", "--keep-caps"]
        let answer = try answer("/usr/bin/unshare", own + ["sh", "-c", script, TestPrograms.path("glovebox")])
        #expect(answer.status == 9)
        #expect(answer.failed.contains("user-namespaces") && answer.failed.contains("jail"))
        #expect(answer.checks["user-namespaces"]?["hint"]?.string?.contains("user.max_user_namespaces") == true)
    }

    @Test(.enabled(if: DoctorTests.isRoot, "needs root"))
    func `the doctor says so when its program cannot start in the root it was given`() throws {
        let root = try TestPrograms.scratch()
        unsafe chmod(root, 0o755)
        defer { unsafe rmdir(root) }
        let answer = try answer("glovebox", ["doctor", "--json", "--rootfs", root])
        #expect(answer.status == 9)
        #expect(answer.failed == ["jail"])
        #expect(answer.detail("jail").contains("cannot start"))
        #expect(!answer.checks.keys.contains { $0.hasPrefix("attack-") })
    }

    @Test(.enabled(if: DoctorTests.isRoot, "needs root"))
    func `the doctor prints a line a check and leaves nothing behind`() throws {
        let run = try TestPrograms.run("glovebox", ["doctor"])
        let lines = run.output.split(separator: "\n")
        #expect(lines.dropLast().allSatisfy { line in ["ok ", "warn ", "fail "].contains { line.hasPrefix($0) } })
        #expect(lines.last?.hasSuffix("0 fail; root of trust: emulated") == true)
        #expect(lines.contains { $0.hasPrefix("ok    nothing-left ") })
    }
}
