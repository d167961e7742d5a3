import Foundation
import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Synchronization
import TestSupport
import Testing

/// Jails that wait for their job.
@Suite(.serialized) struct ReserveTests {
    private let reserve: JailReserve
    private let launcher: String

    /// Under a name of its own, so that no other suite's launchers are taken for these.
    private static let name = "waiting-jail"

    init() throws {
        launcher = try TestPrograms.scratch() + "/" + Self.name
        let copy = try TestPrograms.run("/bin/cp", [TestPrograms.path("glovebox-jail"), launcher])
        #expect(copy.status == 0)
        reserve = try JailReserve(launcher: launcher)
    }

    /// What one jail prints of itself: its id map and how long its clock runs.
    private func look(from jails: JailReserve? = nil) throws -> (map: String, uptime: Double) {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["sh", "-c", "cat /proc/self/uid_map; python3 -c 'import time; print(time.monotonic())'"],
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        let printed = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, isError in if !isError { printed.withLock { $0 += bytes } } }
        let result = try JailRun(reserve: jails ?? reserve).run(specification, hooks: hooks)
        #expect(result.end == .exited(0))
        #expect(!result.protections.inForce.isEmpty)
        let lines = String(decoding: printed.withLock { $0 }, as: UTF8.self).split(separator: "\n")
        return (lines.dropLast().joined(separator: "\n"), try #require(lines.last.flatMap { Double($0) }))
    }

    @Test func `each job gets a jail of its own, whose clock starts with the job`() throws {
        var maps: Set<String> = []
        for _ in 0..<4 {
            let jail = try look()
            maps.insert(jail.map)
            #expect(jail.uptime < 10)
            usleep(200_000)  // the next one waits meanwhile
        }
        #expect(maps.count == 4 || geteuid() != 0)
    }

    /// The launchers of this suite that now run.
    private func launchers() -> [Int32] {
        Children.of(getpid()).filter { pid in (try? Kernel.readText("/proc/\(pid)/comm")) == Self.name + "\n" }
    }

    /// The kernel's number of the network namespace of one jail.
    private func network() throws -> String {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["true"],
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/bin:/bin"]
        let seen = Mutex("")
        var hooks = JailRun.Hooks()
        hooks.start = { (readback: JailReadback, _: JailProtections) throws(GloveboxError) in
            seen.withLock { $0 = readback.namespaces["net"] ?? "" }
        }
        #expect(try JailRun(reserve: reserve).run(specification, hooks: hooks).end == .exited(0))
        usleep(100_000)  // what it left is put away meanwhile
        return seen.withLock { $0 }
    }

    @Test(.enabled(if: Kernel.isHostRoot, "an ordinary user's jails make their own"))
    func `a network namespace serves the next jail, but never two, nor one after a socket that is left`() throws {
        let first = try (0..<8).map { _ in try network() }
        #expect(!first.contains(""))
        #expect(Set(first).count < first.count, "\(first)")
        // One jail waits while another runs.
        #expect(zip(first, first.dropFirst()).allSatisfy { $0 != $1 }, "\(first)")
        let known = Set(first)
        // As a socket on its way from one dead process to another would.
        let program = """
            import ctypes, os, socket, sys
            libc, held = ctypes.CDLL(None), []
            for path in sys.argv[2:]:
                if libc.setns(os.open(path, os.O_RDONLY), 0x40000000): sys.exit("setns")
                held.append(socket.socket(socket.AF_UNIX))
            print("on", flush=True)
            sys.stdin.read()
            """
        // Those that are put by; a jail that waits holds its own.
        var kept: [String: String] = [:]
        for number in 0..<1024 {
            let path = "/proc/\(getpid())/fd/\(number)"
            guard let target = try? Kernel.readLink(path) else { continue }
            let text = String(decoding: target, as: UTF8.self)
            if text.hasPrefix("net:["), known.contains(text.filter(\.isNumber)) { kept[text.filter(\.isNumber)] = path }
        }
        try #require(!kept.isEmpty)
        let child = Process()
        let (input, output) = (Pipe(), Pipe())
        child.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        child.arguments = ["-c", program, ""] + kept.values
        (child.standardInput, child.standardOutput) = (input, output)
        try child.run()
        defer {
            input.fileHandleForWriting.closeFile()
            child.waitUntilExit()
        }
        #expect(output.fileHandleForReading.readData(ofLength: 3) == Data("on\n".utf8))
        _ = try network()  // this one was born before
        for _ in 0..<3 { #expect(kept[try network()] == nil) }
    }

    @Test func `a jail made ahead, once, serves one job, and no other is made after it`() throws {
        let single = try JailReserve.single(launcher: launcher)
        defer { single.close() }
        for _ in 0..<500 where launchers().isEmpty { usleep(10_000) }
        let waiting = launchers()
        #expect(waiting.count == 1)
        #expect(try look(from: single).map.isEmpty == false)
        for _ in 0..<500 where !launchers().isEmpty { usleep(10_000) }
        usleep(200_000)
        #expect(launchers().isEmpty)
    }

    @Test func `a jail that is taken the moment it is made stays the only one made ahead`() throws {
        let scratch = try TestPrograms.scratch()
        let script = "#!/bin/sh\necho >> \(scratch)/starts\nexec \(TestPrograms.path("glovebox-jail"))\n"
        let counted = scratch + "/counted"
        try Descriptor.open(counted, O_WRONLY | O_CREAT, mode: 0o755).write(Array(script.utf8))
        // Threads that work, so that the one that makes the jail is held up at any point.
        let isOver = Atomic(false)
        let busy = (0..<4).map { _ in Thread { while !isOver.load(ordering: .relaxed) {} } }
        for thread in busy { thread.start() }
        defer { isOver.store(true, ordering: .relaxed) }
        let specification = JailSpecification(
            root: .directory("/"),
            arguments: ["/bin/true"],
            profile: try ShippedProfiles.named("default")
        )
        for _ in 0..<30 {
            let single = try JailReserve.single(launcher: counted)
            defer { single.close() }
            #expect(try JailRun(reserve: single).run(specification).end == .exited(0))
        }
        #expect(try Descriptor.open(scratch + "/starts", O_RDONLY).readAll(limit: 1000).count == 30)
    }

    @Test func `a process that ends takes the jails with it that wait, and their control groups`() throws {
        _ = try look()
        #expect(eventually { !launchers().isEmpty })
        let groups = try launchers().flatMap { pid in
            try Kernel.readText("/proc/\(pid)/cgroup").split(separator: "\n").compactMap { line in
                line.range(of: "/glovebox-").map { line[line.index(after: $0.lowerBound)...] }
            }
        }
        reserve.drain()
        // What runs goes on; nothing is made for later.
        _ = try look()
        #expect(eventually { launchers().isEmpty })
        let left = try TestPrograms.run("/usr/bin/find", ["/sys/fs/cgroup", "-name", "glovebox-*"]).output
        for group in Set(groups) { #expect(!left.contains(group)) }
    }

    @Test func `a path of the host is shown in a jail that has not left the host yet`() throws {
        _ = try look()
        for _ in 0..<500 where launchers().isEmpty { usleep(10_000) }
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["/bin/cat", "/shown/reserve"],
            profile: try ShippedProfiles.named("default")
        )
        let scratch = try TestPrograms.scratch()
        #expect(unsafe chmod(scratch, 0o755) == 0)
        try Descriptor.open(scratch + "/reserve", O_WRONLY | O_CREAT, mode: 0o644).write(Array("seen".utf8))
        specification.binds = [JailSpecification.Bind(source: scratch, target: "/shown")]
        let printed = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in printed.withLock { $0 += bytes } }
        #expect(try JailRun(reserve: reserve).run(specification, hooks: hooks).end == .exited(0))
        #expect(printed.withLock { $0 } == Array("seen".utf8))
    }

    @Test func `a launcher that ends before it has anything of the job is replaced, once`() throws {
        let scratch = try TestPrograms.scratch()
        func launcher(_ name: String, _ condition: String) throws -> JailRun {
            let script = "#!/bin/sh\n\(condition) && exit 1\nexec \(TestPrograms.path("glovebox-jail"))\n"
            let file = try Descriptor.open(scratch + "/" + name, O_WRONLY | O_CREAT, mode: 0o755)
            try file.write(Array(script.utf8))
            return JailRun(launcher: scratch + "/" + name)
        }
        let specification = JailSpecification(
            root: .directory("/"),
            arguments: ["/bin/true"],
            profile: try ShippedProfiles.named("default")
        )
        let once = try launcher("once", "mkdir \(scratch)/ended 2>/dev/null")
        #expect(try once.run(specification).end == .exited(0))
        let never = try launcher("never", "true")
        #expect(throws: GloveboxError("jail.lost", "")) { try never.run(specification) }
    }

    @Test func `a jail that died while it waited is not given to a job`() throws {
        _ = try look()
        var waiting: [Int32] = []
        for _ in 0..<200 where waiting.isEmpty {
            usleep(10_000)
            waiting = launchers()
        }
        #expect(!waiting.isEmpty)
        for pid in waiting { #expect(Children.kill(pid, of: getpid())) }
        usleep(50_000)
        _ = try look()
    }

    /// The processes that launchers of this suite are forked from.
    private func zygotes() -> [Int32] {
        Children.of(getpid()).filter { pid in
            (try? Kernel.readText("/proc/\(pid)/comm")) == "glovebox-zygote\n"
                && (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"))?.contains(Self.name)
                    == true
        }
    }

    /// The one that there is, or comes.
    private func zygote(otherThan former: Int32 = 0) throws -> Int32 {
        for _ in 0..<500 {
            if let zygote = zygotes().first(where: { $0 != former }), !launchers().isEmpty { return zygote }
            usleep(10_000)
        }
        return try #require(nil, "no zygote")
    }

    @Test func `a launcher that is forked is what an executed one is`() throws {
        /// What it has of the things that a process hands on.
        func state(_ pid: Int32) throws -> [String] {
            let kept = [
                "PPid", "Uid", "Gid", "Groups", "Sig", "Shd", "Cap", "NoNewPrivs", "Seccomp", "Threads", "Umask",
            ]
            let status = try Kernel.readText("/proc/\(pid)/status").split(separator: "\n").map(String.init)
                .filter { line in kept.contains { line.hasPrefix($0) } && !line.hasPrefix("SigQ") }
            let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").sorted().map { number in
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(number)")
                let flags = try Kernel.readText("/proc/\(pid)/fdinfo/\(number)").split(separator: "\n")[1]
                return "\(number) \(target.prefix { $0 != ":" }) \(flags)"
            }
            let others = try ["comm", "cmdline", "environ", "limits", "oom_score_adj", "cgroup"]
                .map { try Kernel.readText("/proc/\(pid)/\($0)") }
            let owner = try FileManager.default.attributesOfItem(atPath: "/proc/\(pid)/environ")[.ownerAccountID]
            return status + files + others + ["\(owner ?? "")"]
        }
        let single = try JailReserve.single(launcher: launcher)
        for _ in 0..<500 where launchers().isEmpty { usleep(10_000) }
        usleep(200_000)
        let executed = try state(#require(launchers().first))
        single.close()
        #expect(launchers().isEmpty && zygotes().isEmpty)
        _ = try look()
        let zygote = try zygote()
        usleep(200_000)
        let forked = try #require(launchers().first)
        #expect(try state(forked) == executed)
        #expect(try Kernel.readText("/proc/\(zygote)/status").contains("Threads:\t1\n"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(zygote)/fd").sorted() == ["0", "1", "2", "3"]
        )
    }

    @Test func `what launchers are forked from has no mount of the host but its processes`() throws {
        _ = try look()
        let places = try Kernel.readText("/proc/\(try zygote())/mountinfo").split(separator: "\n").map { line in
            line.split(separator: " ")[4]
        }
        // Only root of the host can do without the host's devices.
        guard Kernel.isHostRoot else {
            #expect(places.count > 1)
            return
        }
        #expect(places.contains("/proc"))
        #expect(places.filter { $0 != "/proc" && !$0.hasPrefix("/proc/") } == ["/"])
    }

    @Test func `launchers are made of the file that was opened, whatever stands under its name later`() throws {
        let file = try Descriptor.open(launcher, O_RDONLY)
        let jails = try JailReserve(launcher: launcher, file: file)
        defer { jails.close() }
        _ = try look(from: jails)
        let zygote = try zygote()
        try FileManager.default.removeItem(atPath: launcher)
        try Descriptor.open(launcher, O_WRONLY | O_CREAT, mode: 0o755).write(Array("#!/bin/sh\nexit 1\n".utf8))
        _ = try look(from: jails)
        #expect(Children.kill(zygote, of: getpid()))
        usleep(50_000)
        for _ in 0..<3 {
            _ = try look(from: jails)
            _ = try self.zygote(otherThan: zygote)  // and a jail out of it waits
        }
    }

    @Test(arguments: [SIGKILL, SIGSTOP])
    func `a zygote that is gone or hangs is replaced, and its jails go on`(_ signal: Int32) throws {
        _ = try look()
        let former = try zygote()
        let taken = Mutex<[Int32]>([])
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["/bin/sleep", "0.3"],
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/bin:/bin"]
        var hooks = JailRun.Hooks()
        hooks.start = { _, _ in
            taken.withLock { $0 = launchers() }
            #expect(kill(former, signal) == 0)
        }
        #expect(try JailRun(reserve: reserve).run(specification, hooks: hooks).end == .exited(0))
        for _ in 0..<3 { _ = try look() }
        #expect(try zygote(otherThan: former) != former)
        #expect(!zygotes().contains(former))
        reserve.close()
        #expect(launchers().isEmpty && zygotes().isEmpty)
        // Neither is one that nobody has waited for.
        let mine = taken.withLock { $0 }
        #expect(!mine.isEmpty && Set(mine + [former]).isDisjoint(with: Children.of(getpid())))
    }
}
