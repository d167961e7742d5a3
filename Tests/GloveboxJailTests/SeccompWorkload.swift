import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Synchronization
import TestSupport

/// A program that needs a rule: it succeeds under the profile and fails when the rule is taken out.
struct SeccompWorkload {
    enum Program {
        /// A command in the image `python`.
        case image([String])
        /// A static shell of the host.
        case busybox([String])
        /// The checker with a small table.
        case checker
    }

    let program: Program
    /// What it must print; nil for anything.
    var output: String?
    /// How long it must take at least, in milliseconds.
    var duration: UInt64 = 0

    /// Whether it succeeds under a profile; a jail that cannot be built is a failure too.
    func succeeds(under profile: SeccompProfile) throws -> Bool {
        let arguments: [String]
        var specification = JailSpecification(root: .directory("/"), arguments: [], profile: profile)
        var answer: Descriptor?
        switch program {
        case .image(let command):
            guard let image = Self.image else { return false }
            specification.root = .image(path: image, format: .erofs)
            arguments = command
        case .busybox(let command): arguments = [Self.busybox] + command
        case .checker:
            arguments = ["glovebox-check", "1000000", "1000", "100000", "3", "4"]
            specification.root = .empty
            specification.hasOutput = false
            specification.program = .descriptor(try .open(TestPrograms.path("glovebox-check"), O_RDONLY))
            let table = "a,b\n" + (0..<200).map { "\($0),x\($0)\n" }.joined()
            answer = try .memory(name: "answer")
            specification.descriptors = [try .sealed(Array(table.utf8), name: "input")] + (answer.map { [$0] } ?? [])
        }
        specification.arguments = arguments
        specification.environment = ["PATH": "/usr/bin:/bin", "HOME": "/tmp"]
        specification.limits.wallMilliseconds = 2500
        let printed = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, isError in if !isError { printed.withLock { $0 += bytes } } }
        do {
            let result = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification, hooks: hooks)
            guard result.end == .exited(0), result.wallMilliseconds >= duration else { return false }
        } catch { return false }
        if let answer, try answer.readFromStart(limit: 1 << 20).isEmpty { return false }
        return output.map { Array($0.utf8) == printed.withLock { $0 } } ?? true
    }

    static let busybox = "/usr/bin/busybox"

    /// The image `python` in the store the tests use.
    static let image: String? = {
        guard let store = TestPrograms.variable("GLOVEBOX_IMAGES"),
            let digest = try? Kernel.readText(store + "/refs/python").prefix(64)
        else { return nil }
        let path = "\(store)/images/\(digest).erofs"
        return unsafe access(path, R_OK) == 0 ? path : nil
    }()

    private static func shell(_ script: String, _ output: String? = nil) -> Self {
        Self(program: .image(["sh", "-c", script]), output: output)
    }

    private static func python(_ code: String) -> Self { Self(program: .image(["python3", "-S", "-c", code])) }

    private static func perl(_ code: String) -> Self { Self(program: .image(["perl", "-e", code])) }

    private static func alone(_ words: String..., output: String? = nil) -> Self {
        Self(program: .busybox(words), output: output)
    }

    /// One workload for each rule of `default` and `python`.
    private static let dynamic: [String: Self] = [
        "start": shell("exit 0"),
        "files-read": shell("cat /etc/passwd"),
        "files-write": shell("echo x > /tmp/a"),
        "file-vectors": perl("exit(syscall(328, 1, 0, 0, -1, 0, 0) != 0)"),  // glibc's own goes back to pwritev
        "names": shell("mkdir /tmp/d && mv /tmp/d /tmp/e && ln -s x /tmp/l && rm /tmp/l && rmdir /tmp/e"),
        "modes-and-times": shell("echo > /tmp/f; chmod 600 /tmp/f"),
        "owners": shell("echo > /tmp/f; chown 1000 /tmp/f"),
        "pipes-by-name": shell("mkfifo /tmp/p"),
        "file-systems": shell("stat -f /tmp"),
        "copying": python("import os; f = os.open('/tmp/a', os.O_RDWR | os.O_CREAT); os.copy_file_range(f, f, 0)"),
        "file-advice": python("import os; os.posix_fadvise(os.open('/etc/passwd', 0), 0, 0, 2)"),
        "locks": python("import fcntl; fcntl.flock(open('/tmp/a', 'w'), fcntl.LOCK_EX)"),
        "attributes-read": python("import shutil; shutil.copy2('/etc/passwd', '/tmp/p')"),
        "memory": shell("exit 0"),
        "memory-advice": python("import mmap; mmap.mmap(-1, 4096).madvise(4)"),
        "descriptors": shell("echo a | cat", "a\n"),
        "descriptor-flags": shell("{ echo a; } 2>/dev/null", "a\n"),
        "terminals": python("import os; os.set_blocking(0, False)"),
        "polling": python("import asyncio; asyncio.run(asyncio.sleep(0))"),
        "event-descriptors": python("import os; os.eventfd(0)"),
        "watching": shell("echo x > /tmp/f; e=$(timeout 0.2 tail -f /tmp/f 2>&1 >/dev/null); test -z \"$e\""),
        "memory-files": python("import os; os.memfd_create('x', 9)"),
        "processes": shell("ls / >/dev/null; exit 0"),
        "forks-and-threads": shell("(exit 0)"),
        "threads": python("import threading; t = threading.Thread(target=int); t.start(); t.join()"),
        "processors": python("import os; os.sched_getaffinity(0)"),
        "affinity": python("import os; os.sched_setaffinity(0, os.sched_getaffinity(0))"),
        "priorities": shell("nice true"),
        "scheduling-read": python("import os; os.sched_get_priority_max(1)"),
        "signals": shell("trap 'exit 0' USR1; kill -USR1 $$; exit 1"),
        "identity-read": shell("test $(id -u) = 1000"),
        "clocks": shell("sleep 0.01"),
        "timers": python("import signal; signal.setitimer(0, 9)"),
        "usage": python("import resource; resource.getrusage(0)"),
        "limits-read": python("import resource; resource.getrlimit(7)"),
        "system": shell("uname"),
        "memory-size": perl("$b = \"\\0\" x 112; exit(syscall(99, $b) != 0)"),  // qsort's question, and its answer
        "shared-memory": perl("exit(!defined(shmget(0, 4096, 0600)))"),
        "local-sockets": python("import socket; socket.socketpair()"),
        "socket-use": python("import socket; a, b = socket.socketpair(); a.sendall(b'x'); b.recv(1)"),
        "process-settings": python("import ctypes; assert ctypes.CDLL(None).prctl(15, b'x') == 0"),
        "personality-read": perl("exit(syscall(135, 0xffffffff) != 0)"),
    ]

    private static let strict: [String: Self] = [
        "start": alone("true"),
        "files-read": alone("cat", "/etc/passwd"),
        "files-write": alone("echo", "x", output: "x\n"),
        "names": alone("mkdir", "/tmp/d"),
        "modes-and-times": alone("sh", "-c", "echo > /tmp/f; exec busybox chmod 600 /tmp/f"),
        "file-systems": alone("stat", "-f", "/tmp"),
        "memory-without-code": alone("true"),
        "descriptors": alone("sh", "-c", "echo > /tmp/f"),
        "descriptor-flags": alone("sh", "-c", "echo > /tmp/f"),
        "signals": alone("sh", "-c", "trap 'exit 0' USR1; kill -USR1 $$; exit 1"),
        "identity-read": alone("id", "-u", output: "1000\n"),
        "clocks": Self(program: .busybox(["usleep", "300000"]), duration: 300),
        "limits-read": alone("sh", "-c", "ulimit -n", output: "1024\n"),
        "system": alone("uname", output: "Linux\n"),
    ]

    private static let checker: [String: Self] = [
        "start": Self(program: .checker), "start-stack": Self(program: .checker),
        "start-terminal": Self(program: .checker), "output": Self(program: .checker),
        "memory-without-code": Self(program: .checker),
    ]

    /// The workloads of a shipped profile, by rule.
    static func table(_ profile: String) -> [String: Self] {
        switch profile {
        case "strict": strict
        case "checker": checker
        default: dynamic
        }
    }

    /// Why the workloads of a profile cannot run here; nil when they can.
    static func missing(_ profile: String) -> String? {
        switch profile {
        case "strict": unsafe access(busybox, X_OK) == 0 ? nil : "no static busybox on this host"
        case "checker": nil
        default:
            geteuid() != 0 || image == nil ? "the image python is not in the store, or may not be mounted" : nil
        }
    }
}
