import Glibc
import GloveboxLinux

extension Attack {
    /// Reaching for files, devices and descriptors.
    static let files: [Attack] = [
        open("attack-shadow", "/etc/shadow"),
        open("attack-kernel-arguments", "/proc/cmdline"),
        open("attack-sysfs", "/sys/kernel"),
        // A file without a name, so that nothing stays where it is allowed.
        Attack(name: "attack-write-etc", what: "writing to /etc") { _ in SystemCall.open("/etc", unnamed) },
        Attack(name: "attack-write-usr", what: "writing to /usr") { _ in SystemCall.open("/usr", unnamed) },
        Attack(name: "attack-run-file", what: "running a program it wrote") { run(in: $0.scratch) },
        Attack(name: "attack-run-memory", what: "making a program in memory") { _ in
            Kernel.withPath("program") { SystemCall.opening("memfd_create", $0, 1) }
        },
        Attack(name: "attack-devices", what: "devices beyond the harmless") { _ in
            let known = ["null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "shm"]
            return others(in: "/dev", than: known)
        },
        Attack(name: "attack-descriptors", what: "a descriptor that was left open") { _ in
            // What this program opens itself is close-on-exec (1); what came through exec is not (0).
            (3..<1024).contains { SystemCall.make("fcntl", $0, Int(F_GETFD)) == 0 } ? 0 : Int(-EBADF)
        },
    ]

    private static let unnamed = O_WRONLY | 0o20_200_000  // O_TMPFILE

    /// Runs a script it writes; 0 when it ran.
    private static func run(in directory: String) -> Int {
        let path = directory + "/program"
        defer { unsafe unlink(path) }
        do {
            try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o700).write(Array("#!/bin/sh\n".utf8))
            let null = try Descriptor.open("/dev/null", O_RDWR)
            let streams = [null, null, null]
            return Int(try LaunchedProcess.start(path, arguments: [path], descriptors: streams).wait())
        } catch { return Int(-error.errno) }
    }

    /// How many names there are beyond those known; -ENOENT when there is none.
    private static func others(in directory: String, than known: [String]) -> Int {
        do {
            let names = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY).names()
            let others = names.count { !known.contains(String(decoding: $0, as: UTF8.self)) }
            return others > 0 ? others : Int(-ENOENT)
        } catch { return Int(-error.errno) }
    }
}
