import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Synchronization
import TestSupport
import Testing

/// Real jails that hold clocks, random numbers, addresses and processors fixed.
@Suite(.serialized) struct DeterministicTests {
    private static let image = TestPrograms.image("python")
    private static let skip: Comment =
        "needs the image python in GLOVEBOX_IMAGES, root to mount it, and GLOVEBOX_FAIR_CSV for the demo"
    private static var hasImage: Bool { image != nil && geteuid() == 0 }

    private struct Run {
        let result: JailResult
        let output: String
    }

    private static func clock(_ text: String = "2020-01-01T00:00:00Z") -> Instant {
        Instant(text) ?? Instant(seconds: 0)
    }

    private func run(
        _ command: [String],
        seed: UInt64 = 7,
        clock: Instant = Self.clock(),
        launcher: String = TestPrograms.path("glovebox-jail"),
        data: [UInt8]? = nil,
        _ change: (inout JailSpecification) -> Void = { _ in }
    ) throws -> Run {
        var root = JailSpecification.Root.directory("/")
        if let image = Self.image, geteuid() == 0 { root = .image(path: image, format: .erofs) }
        var specification = JailSpecification(
            root: root,
            arguments: command,
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp"]
        specification.limits.wallMilliseconds = 30_000
        specification.deterministic = try Deterministic(seed: seed, clock: clock)
        if data != nil { specification.staged = [.init(path: "/data/fair", bytes: 1 << 20, inodes: 8)] }
        change(&specification)
        let collected = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in collected.withLock { $0 += bytes } }
        hooks.stage = { (directories: [Descriptor], identity: FileIdentity) throws(GloveboxError) in
            #expect(directories.count == (data == nil ? 0 : 1), "the shim's directory is not the caller's")
            guard let data else { return }
            identity.perform {
                let file = try? Descriptor.open("fair.csv", O_WRONLY | O_CREAT, mode: 0o444, in: directories[0])
                try? file?.write(data)
            }
        }
        let result = try JailRun(launcher: launcher).run(specification, hooks: hooks)
        return Run(result: result, output: String(decoding: collected.withLock { $0 }, as: UTF8.self))
    }

    private func python(_ program: String, seed: UInt64 = 7) throws -> String {
        let run = try run(["python3", "-c", program], seed: seed)
        #expect(run.result.end == .exited(0), "\(run.output)")
        return run.output
    }

    /// Programs of which each prints something else at every start outside.
    private static let programs: [(name: String, text: String)] = [
        ("clocks", "import time; print(time.time(), time.monotonic(), time.perf_counter(), time.process_time())"),
        ("date", "import datetime; print(datetime.datetime.now(), datetime.datetime.now(datetime.timezone.utc))"),
        ("random", "import random, secrets; print(random.random(), random.sample(range(99), 9), secrets.token_hex(9))"),
        ("kernel's random", "import os; print(os.urandom(33).hex(), os.getrandom(5).hex())"),
        ("random device", "print(open('/dev/urandom', 'rb').read(9), open('/dev/random', 'rb').read(9))"),
        ("identifiers", "import uuid; print(uuid.uuid4(), uuid.uuid1())"),
        ("hashes", "print(hash('text'), {'a', 'b', 'c', 'd'}, hash(b'bytes'))"),
        ("addresses", "class A: pass\nxs = {A() for _ in range(50)}\nprint([id(x) for x in xs], object())"),
        ("processes", "import os; print(os.getpid(), os.getppid(), os.fork() and os.wait()[0])"),
        ("names in /tmp", "import os, tempfile\nfor _ in range(9): tempfile.mkdtemp()\nprint(os.listdir('/tmp'))"),
        (
            "usage",
            "import os, resource; sum(range(9**6)); print(os.times(), resource.getrusage(0), resource.getrusage(-1))"
        ),
        (
            "children",
            "import subprocess, sys\nfor _ in range(3): print(subprocess.run([sys.executable, '-c', 'import os, time; "
                + "print(os.urandom(4).hex(), time.time(), os.getpid())'], capture_output=True).stdout)"
        ),
        (
            "forked children",
            "import multiprocessing, os, time\ndef work(n, pipe): pipe.send((n, os.urandom(4).hex(), time.time()))\n"
                + "for n in range(3):\n a, b = multiprocessing.Pipe()\n"
                + " p = multiprocessing.Process(target=work, args=(n, b)); p.start(); print(a.recv()); p.join()"
        ),
        ("sleeping tasks", "import asyncio, time; asyncio.run(asyncio.sleep(0.2)); print(time.monotonic())"),
        (
            "waiting threads",
            "import queue, time\nq = queue.Queue()\ntry: q.get(timeout=0.1)\nexcept queue.Empty: print(time.time())"
        ),
        ("encryption", "import ssl; print(ssl.RAND_bytes(16).hex())"),
    ]

    @Test(.enabled(if: hasImage, skip), arguments: programs.map(\.name))
    func `the same program gives the same bytes twice`(name: String) throws {
        let program = try #require(Self.programs.first { $0.name == name }).text
        let first = try python(program)
        #expect(!first.isEmpty)
        #expect(try python(program) == first)
    }

    @Test(.enabled(if: hasImage, skip)) func `numpy draws the same numbers without a seed of its own`() throws {
        let program = "import numpy as np; print(np.random.default_rng().random(5), np.random.rand(3))"
        let first = try python(program)
        #expect(try python(program) == first)
        #expect(try python(program, seed: 8) != first)
    }

    @Test(.enabled(if: hasImage, skip)) func `another seed gives other bytes, in the parent and in a forked child`()
        throws
    {
        let program =
            "import os; print(os.urandom(8).hex(), flush=True); os.fork() and os.wait(); print(os.urandom(8).hex())"
        let first = try python(program).split(separator: "\n")
        let other = try python(program, seed: 8).split(separator: "\n")
        try #require(first.count == 3)
        #expect(Set(first + other).count == 6, "two of these are equal: \(first) \(other)")
        #expect(try python("print(hash('text'))") != python("print(hash('text'))", seed: 8))
    }

    @Test(.enabled(if: hasImage && TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil, skip))
    func `a run of the demo's program on the demo's data gives the same table twice`() throws {
        let path = try #require(TestPrograms.variable("GLOVEBOX_FAIR_CSV"))
        let fixture = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py"
        let program = try String(decoding: Descriptor.open(fixture, O_RDONLY).readAll(limit: 10_000), as: UTF8.self)
        let data = try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20)
        func table() throws -> [UInt8] {
            let run = try run(["python3", "-c", program], data: data)
            #expect(run.result.end == .exited(0), "\(run.output)")
            let output = try #require(run.result.output)
            return try Descriptor.open("table.csv", O_RDONLY, in: output).readAll(limit: 10_000)
        }
        let first = try table()
        #expect(!first.isEmpty)
        #expect(try table() == first)
    }

    @Test func `the clock shows its origin, and a sleep moves it on`() throws {
        let run = try run(["sh", "-c", "date +%s; sleep 1; date -u +%FT%T"], clock: Self.clock("2031-05-06T07:08:09Z"))
        #expect(run.output == "1935817689\n2031-05-06T07:08:09\n", "each program starts at the origin")
        let slept = "import time; a = time.time(); time.sleep(0.3); print(0.3 <= time.time() - a < 0.31)"
        let timed = try self.run(["python3", "-c", slept])
        #expect(timed.output == "True\n")
        #expect(timed.result.wallMilliseconds >= 300)
    }

    @Test func `there is one processor, whoever counts`() throws {
        let counts = "import os; print(os.cpu_count(), os.sched_getaffinity(0), os.sysconf('SC_NPROCESSORS_CONF'))"
        #expect(try run(["python3", "-c", counts]).output == "1 {0} 1\n")
        #expect(try run(["nproc", "--all"]).output == "1\n")
    }

    @Test func `addresses are not drawn at random, and the kernel says so`() throws {
        let run = try run(["sh", "-c", "echo $LD_PRELOAD; cut -d' ' -f1 /proc/self/maps; cat /proc/self/personality"])
        #expect(run.result.readback.personality == "262144")
        #expect(run.output.hasPrefix("/run/glovebox/fixed.so\n"))
        #expect(run.output.hasSuffix("00040000\n"))
        #expect(try self.run(["cat", "/proc/self/maps"]).output.contains("7ffffffde000-7ffffffff000"))
    }

    @Test func `the shim is read-only, comes from no path of the host, and is told by its digest`() throws {
        let script =
            "exec 2>&1; cp /run/glovebox/fixed.so /out/; rm -f /run/glovebox/fixed.so; echo x > /run/glovebox/y; "
        let run = try run(["sh", "-c", script + "ls /run/glovebox"])
        #expect(run.output.hasSuffix("\nfixed.so\n"))
        let program = TestPrograms.path("glovebox-jail")
        let shim = try Descriptor.open(TestPrograms.path(FixedShim.name), O_RDONLY)
        let bytes = try shim.readAll(limit: 1 << 20)
        let output = try #require(run.result.output)
        let copy = try Descriptor.open("fixed.so", O_RDONLY, in: output).readAll(limit: 1 << 20)
        #expect(copy == bytes)
        #expect(try run.result.deterministic?.shim == FixedShim(beside: program).digest)
        #expect(run.result.deterministic?.json["notFixed"]?.array?.contains("file-times") == true)
        #expect(!run.result.readback.mounts.contains("libglovebox-fixed"))
    }

    @Test func `what the caller stages is staged beside the shim`() throws {
        #expect(try run(["cat", "/data/fair/fair.csv"], data: Array("a,b\n".utf8)).output == "a,b\n")
    }

    @Test func `a missing shim is told with what to do`() throws {
        let error = #expect(throws: GloveboxError.self) {
            try run(["true"], launcher: TestPrograms.scratch() + "/glovebox-jail")
        }
        #expect(error?.code == "jail.deterministic" && error?.hint?.contains("--product glovebox-fixed") == true)
    }

    @Test func `a profile in which nothing can be loaded is refused with the mode`() throws {
        #expect(throws: GloveboxError("jail.deterministic", "")) {
            try run(["true"]) { $0.profile = (try? ShippedProfiles.named("strict")) ?? $0.profile }
        }
    }

    @Test func `a clock that no plan can carry is refused`() throws {
        for time in [Instant(seconds: -1), Instant(milliseconds: 1)] {
            #expect(throws: GloveboxError("jail.deterministic", "")) { try Deterministic(seed: 0, clock: time) }
        }
    }

    @Test func `without the mode nothing is loaded and addresses are drawn at random`() throws {
        let run = try run(["sh", "-c", "echo [$LD_PRELOAD]; ls -d /run/glovebox 2>/dev/null; date +%s"]) {
            $0.deterministic = nil
        }
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 2 && lines.first == "[]")
        #expect((lines.last.flatMap { Int64($0) } ?? 0) > 1_700_000_000)
        #expect(run.result.deterministic == nil && run.result.readback.personality == "0")
    }
}
