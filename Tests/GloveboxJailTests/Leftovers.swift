import Glibc
import GloveboxLinux
import TestSupport

/// What a jail could leave on a host, counted before and after.
///
/// It is for a process that has the work to itself: every orphan below it becomes its child, so none can hide.
struct Leftovers {
    private let mounts: Set<String>
    private let loops: Set<String>
    private let files: Set<String>
    private let descriptors: Int

    /// Looks at the host as it is now.
    init() throws {
        guard Kernel.call(Number.prctl, 36, 1) == 0 else { throw SyscallError("prctl(SUBREAPER)", errno) }
        mounts = try Self.mounts()
        loops = try Self.loops()
        files = try Self.files()
        descriptors = try Self.names("/proc/self/fd").count
    }

    /// System calls that Swift's Glibc has no name for.
    enum Number {
        #if arch(x86_64)
        static let prctl: Int32 = 157
        #else
        static let prctl: Int32 = 167
        #endif
        static let signalProcess: Int32 = 424
        static let openProcess: Int32 = 434
    }

    /// What is more than before, a line each; `owners` are the process ids with start times whose groups are ours.
    ///
    /// The kernel takes jails down in its own time and others work beside us, so only what stays counts.
    func found(owners: Set<String>) throws -> [String] {
        let end = ContinuousClock.now + .seconds(10)
        while true {
            let found = try all(owners)
            if found.isEmpty || ContinuousClock.now > end { return found }
            usleep(100_000)
        }
    }

    private func all(_ owners: Set<String>) throws -> [String] {
        var found: [String] = []
        Self.reap()
        for pid in Children.of(getpid()) { found.append("process \(pid): \(Self.description(of: pid))") }
        found += try Self.mounts().subtracting(mounts).map { "mount: \($0)" }
        found += try Self.loops().subtracting(loops).map { "loop device: \($0)" }
        found += try Self.files().subtracting(files).map { "file: \($0)" }
        found += try Self.groups(of: owners).map { "control group: \($0)" }
        let open = try Self.names("/proc/self/fd").count
        if open > descriptors { found.append("descriptors: \(open) instead of \(descriptors)") }
        return found
    }

    /// Takes the end of every orphan; nobody else waits for a child at this time.
    private static func reap() {
        var status: Int32 = 0
        while unsafe waitpid(-1, &status, WNOHANG) > 0 {}
    }

    /// The process id and start time of a process, as the names of its control groups have them.
    static func owner(_ pid: Int32) -> String? {
        guard let stat = text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ")
        return fields.count > 20 ? "\(pid).\(fields[20])" : nil
    }

    private static func description(of pid: Int32) -> String {
        (text("/proc/\(pid)/stat") ?? "").split(separator: " ").prefix(4).joined(separator: " ")
    }

    private static func text(_ path: String) -> String? {
        do { return try Kernel.readText(path) } catch { return nil }
    }

    private static func names(_ directory: String) throws -> [String] {
        try Descriptor.open(directory, O_RDONLY | O_DIRECTORY).names().map { String(decoding: $0, as: UTF8.self) }
    }

    private static func mounts() throws -> Set<String> {
        Set(try Kernel.readText("/proc/self/mountinfo").split(separator: "\n").map(String.init))
    }

    /// Loop devices in use, with their file.
    private static func loops() throws -> Set<String> {
        var loops: Set<String> = []
        for name in (try? names("/sys/block")) ?? [] where name.hasPrefix("loop") {
            if let file = text("/sys/block/\(name)/loop/backing_file") { loops.insert("\(name) \(file)") }
        }
        return loops
    }

    /// Names that look like ours where temporary files go, without those that other tests make meanwhile.
    private static func files() throws -> Set<String> {
        let tests = ["glovebox-test-", "glovebox-victims", "glovebox-store-"]
        var files: Set<String> = []
        for directory in ["/tmp", "/var/tmp", "/dev/shm", "/run"] where unsafe access(directory, R_OK) == 0 {
            for name in try names(directory)
            where name.hasPrefix("glovebox-") && !tests.contains(where: { name.hasPrefix($0) }) {
                files.insert("\(directory)/\(name)")
            }
        }
        return files
    }

    /// Control groups of these owners, in every hierarchy and at any depth.
    private static func groups(of owners: Set<String>) throws -> [String] {
        let mounts = try Kernel.readText("/proc/self/mountinfo").split(separator: "\n").compactMap { line -> String? in
            let parts = line.split(separator: " ").map(String.init)
            guard let dash = parts.firstIndex(of: "-"), parts[dash + 1].hasPrefix("cgroup") else { return nil }
            return parts[4]
        }
        guard !mounts.isEmpty else { return [] }
        // A group may go while find is about to enter it, so its exit status says nothing.
        let found = try TestPrograms.run("/usr/bin/find", mounts + ["-type", "d", "-name", "glovebox-*"])
        return found.output.split(separator: "\n").map(String.init).filter { path in
            let name = path.split(separator: "/").last ?? ""
            return owners.contains { name.hasPrefix("glovebox-\($0)-") }
        }
    }
}
