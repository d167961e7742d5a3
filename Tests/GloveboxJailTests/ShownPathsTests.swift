import Foundation
import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxJail

/// What a jail sees of paths of the host that are shown in it.
@Suite(.serialized) struct ShownPathsTests {
    private func run(_ bind: JailSpecification.Bind, _ command: [String]) throws -> JailResult {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: command,
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/bin:/bin"]
        specification.binds = [bind]
        return try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification)
    }

    /// A directory that everyone may look into, with a file `file` in it.
    private func directory() throws -> String {
        let path = try TestPrograms.scratch()
        let made = try TestPrograms.run("/bin/sh", ["-c", "chmod 755 \(path) && echo text > \(path)/file"])
        #expect(made.status == 0)
        return path
    }

    @Test func `what is shown has inodes of the jail's own, a directory as well as a file`() throws {
        let path = try directory()
        for (source, file) in [(path, "/data/x/file"), (path + "/file", "/data/x")] {
            let run = try run(.init(source: source, target: "/data/x"), ["grep", "-q", "text", file])
            #expect(run.end == .exited(0), "\(source)")
            #expect(run.protections.inForce.contains("own-inodes"), "\(run.protections)")
            #expect(run.readback.mounts.contains(" /data/x ro"), "\(run.readback.mounts)")
            #expect(!run.readback.mounts.contains(path), "no path of the host is told")
        }
    }

    @Test func `a directory with mounts below it is shown as it is, and the report says so`() throws {
        let run = try run(.init(source: "/dev", target: "/data/x"), ["test", "-d", "/data/x/shm"])
        #expect(run.end == .exited(0))
        #expect(!run.protections.inForce.contains("own-inodes"))
        #expect(run.protections.weaker.contains { $0.name == "own-inodes" && $0.reason.hasPrefix("/data/x ") })
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root to mount"))
    func `where the kernel stacks no further, the directory is shown as it is, and the report says so`() throws {
        let path = try directory()
        let script = """
            set -e
            cd \(path); mkdir empty base once twice; mv file base
            mount -t overlay o -o ro,lowerdir=empty:base once
            mount -t overlay o -o ro,lowerdir=empty:once twice
            exec "$@"
            """
        let jail = [TestPrograms.path("glovebox"), "jail", "run", "--rootfs", "/", "--json"]
        let command = ["--bind-ro", path + "/twice:/data/x", "--", "cat", "/data/x/file"]
        let run = try TestPrograms.run("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", script, "sh"] + jail + command)
        #expect(run.status == 0 && run.output.hasPrefix("text\n"), "\(run.output)")
        #expect(run.output.contains(#"{"name":"own-inodes","reason":"/data/x cannot be laid under an overlay"#))
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root to mount"))
    func `what the host executes nothing from, the jail does not either`() throws {
        let path = try directory()
        let script = """
            set -e
            cd \(path); mkdir $2 && mount -t tmpfs -o mode=755,$1 shown $2; cp /bin/true $2; place=$2; shift 2
            exec "$@" --bind-ro \(path)/$place:/data/x -- /data/x/true
            """
        let jail = [TestPrograms.path("glovebox"), "jail", "run", "--rootfs", "/", "--json"]
        for (flag, status) in [("exec", Int32(0)), ("noexec", 126)] {
            let arguments = ["--mount", "/bin/sh", "-c", script, "sh", flag, "on-" + flag] + jail
            let run = try TestPrograms.run("/usr/bin/unshare", arguments)
            #expect(run.status == status && run.output.contains(#""own-inodes"]"#), "\(flag): \(run.output)")
        }
    }

    @Test func `a socket, a FIFO or a device of the host is not shown`() throws {
        let path = try directory()
        try #require(unsafe mkfifo(path + "/fifo", 0o666) == 0)
        for source in [path + "/fifo", "/dev/null"] {
            #expect(throws: GloveboxError("jail.bind", ""), "\(source)") {
                try run(.init(source: source, target: "/data/x"), ["true"])
            }
        }
    }

    @Test func `a path in the mount table is told in its own bytes`() {
        #expect(MountTable.unescaped(#"/a\040b\134c\011"#) == "/a b\\c\t")
        #expect(MountTable.unescaped("/plain") == "/plain")
    }

    @Test(.enabled(if: geteuid() == 0, "an ordinary user's jail is started from root"))
    func `an ordinary user's jail of the host's own root reaches no socket of the host`() throws {
        let path = try directory()
        let place = "/var/tmp/glovebox-shown-\(getpid())"
        let script = """
            import json, os, socket, subprocess, sys
            programs, place, glovebox, launcher = sys.argv[1:]
            os.mkdir(place); os.chmod(place, 0o755)
            listener = socket.socket(socket.AF_UNIX); listener.bind(place + "/socket"); listener.listen()
            os.chmod(place + "/socket", 0o777)
            for program in (glovebox, launcher): subprocess.run(["cp", program, programs], check=True)
            probe = "import socket; s = socket.socket(socket.AF_UNIX); print(s.connect_ex(%r))" % (place + "/socket")
            user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "HOME=/tmp"]
            outside = subprocess.run(user + ["python3", "-c", probe], capture_output=True, text=True)
            jail = [programs + "/glovebox", "jail", "run", "--rootfs", "/", "--json", "--", "python3", "-c", probe]
            inside = subprocess.run(user + jail, capture_output=True, text=True)
            weaker = json.loads(inside.stderr.splitlines()[-1])["protections"]["weaker"]
            shared = [each["reason"] for each in weaker if each["name"] == "own-inodes"]
            print(outside.stdout.strip(), inside.stdout.strip(), any("/var" in each for each in shared))
            """
        let programs = ["glovebox", "glovebox-jail"].map(TestPrograms.path)
        defer { do { try FileManager.default.removeItem(atPath: place) } catch { Issue.record("\(error)") } }
        let run = try TestPrograms.run("/usr/bin/python3", ["-c", script, path, place] + programs)
        #expect(run.output == "0 111 False\n" || run.output == "0 0 True\n", "\(run.output)")
    }
}
