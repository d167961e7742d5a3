import Foundation
import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Synchronization
import TestSupport
import Testing

/// Real jails on this host, with the host's own root file system seen read-only.
@Suite(.serialized) struct JailTests {
    private struct Run {
        let result: JailResult
        let output: String
    }

    private func run(
        _ command: [String],
        _ change: (inout JailSpecification) -> Void = { _ in }
    ) throws -> Run {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: command,
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        specification.limits.wallMilliseconds = 20_000
        change(&specification)
        let collected = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in collected.withLock { $0 += bytes } }
        let result = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification, hooks: hooks)
        return Run(result: result, output: String(decoding: collected.withLock { $0 }, as: UTF8.self))
    }

    @Test func `runs a command and tells its exit status`() throws {
        let run = try run(["sh", "-c", "echo hello; exit 3"])
        #expect(run.result.end == .exited(3))
        #expect(run.output == "hello\n")
    }

    @Test func `tells a signal, a missing program and one that cannot run apart`() throws {
        #expect(try run(["sh", "-c", "kill -SEGV $$"]).result.end == .signalled(SIGSEGV))
        #expect(try run(["no-such-program"]).result.end == .notFound)
        #expect(try run(["/etc/passwd"]).result.end == .notExecutable)
    }

    @Test func `a program that exits 137 is not one that was killed`() throws {
        #expect(try run(["sh", "-c", "exit 137"]).result.end == .exited(137))
    }

    @Test func `refuses the network and tells which rule did`() throws {
        let code =
            "import socket\ntry: socket.create_connection(('127.0.0.1', 22), 1)\nexcept OSError as e: print(e.errno)"
        let run = try run(["python3", "-c", code])
        #expect(run.output == "1\n")
        #expect(
            run.result.denied.contains { $0.call == "socket" && $0.argument == "AF_INET" && $0.rule == "no-network" }
        )
    }

    @Test func `has no network interface but a dead loopback`() throws {
        let code = "import os; print(os.path.exists('/sys/class/net/eth0'), os.path.exists('/proc/net/tcp'))"
        #expect(try run(["python3", "-c", code]).output == "False False\n")
    }

    @Test func `kills a jail that takes too much memory, and says so`() throws {
        let run = try run(["python3", "-c", "b'x' * 10**9"]) { $0.limits.memory = 64 << 20 }
        if ControlGroupLayout.host.kind == .none {
            // Without a control group the address space is limited, and Python sees that for itself.
            #expect(run.result.end == .exited(1) && run.output.contains("MemoryError"))
            #expect(run.result.protections.weaker.contains { $0.name == "control-groups" })
        } else {
            #expect(run.result.end == .memory)
            #expect(run.result.peakMemory <= 65 << 20)
        }
    }

    @Test func `the processor time of all processes together ends the jail, and no process need reach it alone`() throws
    {
        let spin = "import os\nfor _ in range(4):\n  if not os.fork():\n    while True: pass\nos.wait()"
        let run = try run(["python3", "-c", spin]) {
            $0.limits.cpuSeconds = 1
            $0.limits.milliCPUs = 2000
            $0.limits.wallMilliseconds = 120_000
        }
        #expect(run.result.end == .processorTime)
        guard run.result.protections.inForce.contains("processor-time") else { return }  // of one process alone
        #expect((1_000_000..<4_000_000).contains(run.result.cpuMicroseconds), "\(run.result.cpuMicroseconds)")
    }

    @Test func `one process that takes too much processor time is stopped, and the class says why`() throws {
        let run = try run(["python3", "-c", "while True: pass"]) {
            $0.limits.cpuSeconds = 1
            $0.limits.wallMilliseconds = 120_000
        }
        #expect(run.result.end == .processorTime && run.result.exitStatus == 152)
    }

    @Test(arguments: [("XCPU", SIGXCPU), ("XFSZ", SIGXFSZ), ("KILL", SIGKILL)])
    func `a signal that a limit would send is no limit when the program sends it`(name: String, signal: Int32) throws {
        #expect(try run(["sh", "-c", "kill -\(name) $$"]).result.end == .signalled(signal))
    }

    @Test func `a program that stops for a full output is told apart from one that only fails`() throws {
        let full = try run(["sh", "-c", "head -c 2000000 /dev/zero > /out/a || exit 3"]) {
            $0.limits.outputBytes = 1 << 20
        }
        #expect(full.result.end == .outputLimit && full.result.exitStatus == 153)
        let names = try run(["sh", "-c", "i=0; while : > /out/$i; do i=$((i + 1)); done; exit 3"]) {
            $0.limits.outputFiles = 20
        }
        #expect(names.result.end == .outputLimit)
        #expect(try run(["sh", "-c", "head -c 1000 /dev/zero > /out/a; exit 3"]).result.end == .exited(3))
    }

    @Test func `stops a fork bomb at the process limit, and nothing survives`() throws {
        let marker = "sleep 7654\(getpid())"
        let run = try run(["sh", "-c", "while \(marker) & do :; done"]) {
            $0.limits.processes = 20
            $0.limits.wallMilliseconds = 2000
        }
        #expect(run.result.end == .wallClock || run.result.end == .exited(2))
        let left = try TestPrograms.run("/usr/bin/pgrep", ["-f", marker])
        #expect(left.status == 1, "processes of the jail are still there: \(left.output)")
    }

    @Test func `stops at the wall clock`() throws {
        let run = try run(["sleep", "30"]) { $0.limits.wallMilliseconds = 300 }
        #expect(run.result.end == .wallClock)
        #expect(run.result.wallMilliseconds < 3000)
    }

    @Test func `the time a supervisor takes before the program runs is not the program's`() throws {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["true"],
            profile: try ShippedProfiles.named("default")
        )
        specification.limits.wallMilliseconds = 1500
        var hooks = JailRun.Hooks()
        hooks.start = { (_: JailReadback, _: JailProtections) throws(GloveboxError) in usleep(2_000_000) }
        let result = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification, hooks: hooks)
        #expect(result.end == .exited(0))
    }

    @Test func `a daemonised child dies with the job`() throws {
        let marker = "8765\(getpid())"
        let run = try run(["sh", "-c", "setsid sleep \(marker) >/dev/null 2>&1 & exit 0"])
        #expect(run.result.end == .exited(0))
        #expect(try TestPrograms.run("/usr/bin/pgrep", ["-f", "sleep \(marker)"]).status == 1)
    }

    @Test func `the program has no capability, no way to new privileges, and a filter`() throws {
        let run = try run(["cat", "/proc/self/status"])
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            #expect(run.output.contains("\(set):\t0000000000000000\n"))
        }
        #expect(run.output.contains("NoNewPrivs:\t1\n"))
        #expect(run.output.contains("Seccomp:\t2\n"))
        #expect(run.result.readback.seccomp == "2" && run.result.readback.noNewPrivileges == "1")
    }

    @Test func `sees no process but its own, and no host counters`() throws {
        let run = try run(["sh", "-c", "ls /proc; ls /sys | wc -l; hostname; id -u"])
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(
            !lines.contains("cpuinfo") && !lines.contains("uptime") && !lines.contains("kmsg") && !lines.contains("1")
        )
        #expect(lines.suffix(3) == ["0", "jail", "1000"])
    }

    @Test func `every descriptor but the three streams is closed`() throws {
        let extra = try Descriptor.open("/etc/hostname", O_RDONLY)
        let leaked = dup(extra.raw)  // not close-on-exec
        defer { close(leaked) }
        let run = try run(["ls", "/proc/self/fd"])
        #expect(run.output == "0\n1\n2\n3\n", "3 is ls itself, reading the directory")
    }

    @Test func `a program that is started gets no descriptor but those it is given`() throws {
        let extra = try Descriptor.open("/etc/hostname", O_RDONLY)
        let leaked = fcntl(extra.raw, F_DUPFD, 30)  // not close-on-exec
        defer { close(leaked) }
        let listed = try TestPrograms.run("/bin/ls", ["/proc/self/fd"])
        #expect(listed.output == "0\n1\n2\n3\n", "3 is ls itself, reading the directory")
    }

    @Test func `files are closed to others, whatever the umask of the supervisor`() throws {
        #expect(try run(["sh", "-c", "umask; : > /out/f; stat -c %a /out/f"]).output == "0077\n600\n")
    }

    @Test func `the environment is built from nothing`() throws {
        unsafe setenv("GLOVEBOX_SECRET_OF_HOST", "x", 1)
        let run = try run(["env"]) { $0.environment["ONE"] = "1" }
        #expect(Set(run.output.split(separator: "\n")) == ["ONE=1", "PATH=/usr/local/bin:/usr/bin:/bin"])
    }

    @Test func `the root is read-only, scratch is private, and nothing runs from it`() throws {
        let script = """
            touch /etc/x 2>/dev/null && echo wrote /etc
            touch /usr/x 2>/dev/null && echo wrote /usr
            cp /bin/true /tmp/t && /tmp/t 2>/dev/null && echo ran
            mount -t tmpfs t /tmp 2>/dev/null && echo mounted
            unshare -U true 2>/dev/null && echo namespace
            echo end
            """
        #expect(try run(["sh", "-c", script]).output == "end\n")
    }

    @Test func `what is left in out is there when the last process is dead, and no more than the limit`() throws {
        let run = try run(["sh", "-c", "echo data > /out/a; head -c 9000000 /dev/zero > /out/b; true"]) {
            $0.limits.outputBytes = 1 << 20
        }
        let output = try #require(run.result.output)
        #expect(try Descriptor.open("a", O_RDONLY, in: output).readAll(limit: 100) == Array("data\n".utf8))
        #expect(try Descriptor.open("b", O_RDONLY, in: output).status().size <= 1 << 20)
    }

    @Test func `staged directories hold what the supervisor wrote, read-only`() throws {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["sh", "-c", "cat /data/x/file; touch /data/x/new 2>/dev/null || echo read-only"],
            profile: try ShippedProfiles.named("default")
        )
        specification.staged = [.init(path: "/data/x", bytes: 1 << 20, inodes: 8)]
        let collected = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in collected.withLock { $0 += bytes } }
        hooks.stage = { (directories: [Descriptor], identity: FileIdentity) throws(GloveboxError) in
            identity.perform {
                let file = try? Descriptor.open("file", O_WRONLY | O_CREAT, mode: 0o444, in: directories[0])
                try? file?.write(Array("staged\n".utf8))
            }
        }
        _ = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification, hooks: hooks)
        #expect(String(decoding: collected.withLock { $0 }, as: UTF8.self) == "staged\nread-only\n")
    }

    @Test func `a staged file that a process beside still holds for a moment does not stop the jail`() throws {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["cat", "/data/x/file"],
            profile: try ShippedProfiles.named("default")
        )
        specification.staged = [.init(path: "/data/x", bytes: 1 << 20, inodes: 8)]
        let held = Mutex<Descriptor?>(nil)
        var hooks = JailRun.Hooks()
        hooks.stage = { (directories: [Descriptor], identity: FileIdentity) throws(GloveboxError) in
            identity.perform {
                let file = try? Descriptor.open("file", O_WRONLY | O_CREAT, mode: 0o444, in: directories[0])
                held.withLock { $0 = file }
            }
            let thread = Thread {
                usleep(200_000)
                held.withLock { $0 = nil }
            }
            thread.start()
        }
        let result = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification, hooks: hooks)
        #expect(result.end == .exited(0))
        #expect(held.withLock { $0 == nil })
    }

    @Test func `a hook that throws stops the jail before the first instruction`() throws {
        let specification = JailSpecification(
            root: .directory("/"),
            arguments: ["sh", "-c", "echo ran"],
            profile: try ShippedProfiles.named("default")
        )
        let collected = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in collected.withLock { $0 += bytes } }
        hooks.start = { (_: JailReadback, _: JailProtections) throws(GloveboxError) in
            throw GloveboxError("test.stop", "no")
        }
        #expect(throws: GloveboxError("test.stop", "")) {
            try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification, hooks: hooks)
        }
        #expect(collected.withLock { $0 }.isEmpty)
    }

    @Test func `a flood on stdout stalls nothing and stops at the cap`() throws {
        let run = try run(["sh", "-c", "head -c 50000000 /dev/zero; exit 5"]) { $0.limits.outBytes = 1000 }
        #expect(run.result.end == .exited(5))
        #expect(run.output.utf8.count == 1000)
        #expect(run.result.streamBytes.out == 50_000_000)
    }

    @Test func `who reads stdout slowly holds up neither the jail nor its other stream`() throws {
        let scratch = try TestPrograms.scratch()
        // Far more than a pipe holds; then a refused call, which only the supervisor's loop can answer.
        let program = """
            import socket, sys
            sys.stdout.write("x" * 900000); sys.stdout.flush()
            try: socket.socket()
            except OSError as error: print("refused", error.errno, file=sys.stderr)
            """
        let jail = [TestPrograms.path("glovebox"), "jail", "run", "--rootfs", "/", "--", "python3", "-c", program]
        let (process, output) = try TestPrograms.start(
            "/bin/sh",
            ["-c", "said=$1; shift; exec \"$@\" 2> \"$said\"", "sh", scratch + "/said"] + jail
        )
        #expect(
            try eventually {
                try Descriptor.open(scratch + "/said", O_RDONLY | O_CREAT, mode: 0o600).readAll(limit: 4096)
                    .starts(with: Array("refused 1\n".utf8))
            }
        )
        #expect(try output.readAll(limit: 1 << 20).count == 900_000)
        #expect(try process.wait() == 0)
    }

    @Test func `a grace lets a program end by itself after a SIGTERM, and no longer`() throws {
        let tidy = try run(["sh", "-c", "trap 'echo tidied; exit 0' TERM; while :; do sleep 0.05; done"]) {
            $0.limits.wallMilliseconds = 300
            $0.limits.graceMilliseconds = 10_000
        }
        #expect(tidy.result.end == .wallClock)
        #expect(tidy.output == "tidied\n")
        #expect(tidy.result.wallMilliseconds < 9000)
        let stubborn = try run(["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]) {
            $0.limits.wallMilliseconds = 200
            $0.limits.graceMilliseconds = 300
        }
        #expect(stubborn.result.end == .wallClock)
        // The limit's clock starts a little before the program does.
        #expect((300..<10_000).contains(stubborn.result.wallMilliseconds))
    }

    @Test(.enabled(if: geteuid() == 0)) func `a disk is read no faster than allowed`() throws {
        let scratch = try TestPrograms.scratch()
        let file = scratch + "/big"
        let make = "chmod 755 \(scratch); head -c 3M /dev/urandom > \(file); sync \(file)"
        #expect(try TestPrograms.run("/bin/sh", ["-c", make]).status == 0)
        let run = try run(["dd", "if=/job/big", "of=/dev/null", "bs=256K", "iflag=direct"]) {
            $0.limits.diskRate = 1 << 20
            $0.binds = [JailSpecification.Bind(source: file, target: "/job/big")]
        }
        #expect(run.result.protections.inForce.contains("disk-rate"))
        // What is served by another machine, as in a virtual one, is no disk of this kernel.
        let isDisk = try TestPrograms.run("/usr/bin/stat", ["-c", "%Hd", file]).output != "0\n"
        #expect(run.result.end == .exited(0) || !isDisk, "\(run.output)")
        #expect(run.result.wallMilliseconds >= 2000 || !isDisk)
    }

    @Test func `root of a user namespace builds a jail, as in a container`() throws {
        let arguments = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc"]
        let program = "import os; print(os.getuid(), open('/proc/self/uid_map').read().split())"
        for root in ["/"] + (TestPrograms.image("python") == nil ? [] : ["python"]) {
            let jail = [TestPrograms.path("glovebox"), "jail", "run", "--rootfs", root, "--", "python3", "-c", program]
            let store = ["GLOVEBOX_IMAGES=" + (TestPrograms.variable("GLOVEBOX_IMAGES") ?? "")]
            let run = try TestPrograms.run("/usr/bin/unshare", arguments + jail, environment: store)
            #expect(run.status == 0)
            #expect(run.output.hasPrefix("1000 ['1000', '0', '1']\n"), "\(run.output)")
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `an image can be read through a cache of the jail's own`() throws {
        let image = try #require(TestPrograms.image("python"))
        let shared = try run(["true"]) { $0.root = .image(path: image, format: .erofs) }
        let alone = try run(["true"]) {
            $0.root = .image(path: image, format: .erofs)
            $0.isolatedCache = true
        }
        #expect(shared.result.end == .exited(0) && alone.result.end == .exited(0))
        #expect(!shared.result.protections.inForce.contains("private-page-cache"))
        #expect(shared.result.protections.openChannels.contains("page-cache"))
        #expect(alone.result.protections.inForce.contains("private-page-cache"))
        #expect(!alone.result.protections.openChannels.contains("page-cache"))
    }

    @Test(.enabled(if: geteuid() == 0)) func `an open image is what runs, whatever its path leads to`() throws {
        let image = try #require(TestPrograms.image("python"))
        let path = try TestPrograms.scratch() + "/image"
        try #require(unsafe symlink(image, path) == 0)
        let file = try Descriptor.open(path, O_RDONLY)
        try #require(unsafe unlink(path) == 0)
        try Descriptor.open(path, O_WRONLY | O_CREAT).write(Array("no image".utf8))
        for isAlone in [false, true] {
            let ran = try run(["true"]) {
                $0.root = .file(file, format: .erofs)
                $0.isolatedCache = isAlone
            }
            #expect(ran.result.end == .exited(0))
            #expect(ran.result.protections.inForce.contains("private-page-cache") == isAlone)
        }
    }

    @Test func `links of an image where a jail mounts lead nowhere`() throws {
        let root = try TestPrograms.scratch() + "/root"
        let target = try TestPrograms.scratch() + "/target"
        // The host's directory is a trap: whatever followed a link would write there.
        let made = try TestPrograms.run(
            "/bin/sh",
            [
                "-c",
                """
                set -e
                mkdir -p "$1" "$2" && chmod 777 "$2" && cd "$1"
                for name in proc dev out job data; do ln -s "$2" $name; done
                ln -s "../../../../../../../..$2" tmp
                for name in bin lib lib64 sbin; do ln -s usr/$name $name; done
                mkfs.erofs "$1.erofs" . >/dev/null
                """, "sh", root, target,
            ]
        )
        try #require(made.status == 0, "\(made.output)")
        let look = """
            for path in /proc /dev /tmp /out /job/in /data/in; do test -d $path && test ! -L $path && echo $path; done
            grep -c ^Seccomp: /proc/self/status && echo x >/dev/null && echo a >/out/a && echo b >/tmp/b && ls /out /tmp
            """
        var roots = [JailSpecification.Root.directory(root)]
        if Kernel.isHostRoot { roots.append(.image(path: root + ".erofs", format: .erofs)) }
        for tree in roots {
            let ran = try run(["sh", "-c", look]) {
                $0.root = tree
                $0.hasOutput = true
                $0.staged = ["/job/in", "/data/in"].map { JailSpecification.Staged(path: $0, bytes: 4096, inodes: 8) }
                $0.binds = [JailSpecification.Bind(source: "/usr", target: "/usr")]
            }
            #expect(ran.result.end == .exited(0), "\(ran.output)")
            #expect(ran.output == "/proc\n/dev\n/tmp\n/out\n/job/in\n/data/in\n1\n/out:\na\n\n/tmp:\nb\n")
        }
        #expect(try TestPrograms.run("/usr/bin/find", [target, "-mindepth", "1"]).output.isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a supervisor in another container leaves this one's jails alone`() throws
    {
        let marker = "9875\(getpid())"
        let arguments = ["jail", "run", "--rootfs", "/", "--", "sh", "-c", "echo started; sleep 1.\(marker); exit 7"]
        let (process, output) = try TestPrograms.start("glovebox", arguments)
        #expect(try output.read(upTo: 100) == Array("started\n".utf8))
        let other = ["--mount", "--pid", "--fork", "--mount-proc", TestPrograms.path("glovebox"), "jail", "run"]
        let ran = try TestPrograms.run("/usr/bin/unshare", other + ["--rootfs", "/", "--", "true"])
        #expect(ran.status == 0, "\(ran.output)")
        #expect(try process.wait() == 7 << 8)
    }

    @Test func `the jail dies with a supervisor that is killed, and leaves no control group`() throws {
        let marker = "9876\(getpid())"
        let arguments = ["jail", "run", "--rootfs", "/", "--", "sh", "-c", "echo started; sleep \(marker)"]
        let (process, output) = try TestPrograms.start("glovebox", arguments)
        #expect(try output.read(upTo: 100) == Array("started\n".utf8))
        process.kill()
        _ = try process.wait()
        #expect(try eventually { try TestPrograms.run("/usr/bin/pgrep", ["-f", "^sleep \(marker)"]).status == 1 })
        ControlGroup.sweep(.current())
        for parent in ControlGroupLayout.current().parents.values {
            #expect(
                try TestPrograms.run("/usr/bin/find", [parent, "-maxdepth", "1", "-name", "glovebox-\(process.pid).*"])
                    .output == ""
            )
        }
    }

    @Test func `a control group that the kernel was busy with for too long goes with the next`() throws {
        let busy = try ControlGroup.make(in: .host).account
        let directory = try #require(busy.controllers.first.flatMap { busy.parents[$0] }) + "/" + busy.name
        try #require(unsafe mkdir(directory + "/busy", 0o755) == 0)
        #expect(try !ControlGroup(account: busy).remove())
        #expect(unsafe access(directory, F_OK) == 0)
        try #require(unsafe rmdir(directory + "/busy") == 0)
        #expect(try ControlGroup.make(in: .host).remove())
        #expect(unsafe access(directory, F_OK) != 0)
    }
}
