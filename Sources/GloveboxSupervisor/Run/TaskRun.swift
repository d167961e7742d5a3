internal import Glibc
internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxMeasure
internal import GloveboxStore

/// Runs the commands of a plan that reads no private data: one after the other, each in a jail of its own, in directories
/// that go from jail to jail.
final class TaskRun {
    /// How the commands ended.
    struct Ending {
        let exit: ExitClass
        /// The task's directories as the last command left them, in the order of the layout.
        let directories: [Descriptor]
    }

    private let site: Site
    private let entry: JobEntry
    private let layout: TaskLayout
    private let archive: Descriptor
    private let fetched: FetchedInputs
    private let jails: JailRun
    /// Whether another machine builds them.
    private let isRemote: Bool
    /// How each command went, in order.
    private(set) var logs: [TaskRecord.ExecutorLog] = []
    /// What the jails refused, in the order of the commands.
    private(set) var denied: [JailResult.Denied] = []

    /// That the first command's jail was filled, which the log has with the start of the command.
    private var staged: [Site.Step] = []

    /// Bytes of a stream that a task's log keeps, from its end.
    private static let tail = 65_536
    /// Bytes of a stream that go into a file.
    private static let streamBytes: UInt64 = 16 << 20

    /// What was seen of a command's streams.
    private final class Streams {
        var out: [UInt8] = []
        var error: [UInt8] = []
    }

    init(
        site: Site,
        entry: JobEntry,
        fetched: FetchedInputs,
        jails: JailRun,
        isRemote: Bool
    ) throws(GloveboxError) {
        (self.jails, self.isRemote) = (jails, isRemote)
        self.site = site
        self.entry = entry
        self.fetched = fetched
        layout = try TaskLayout(entry.manifest, fetching: entry.task)
        archive = try site.blobs.open(entry.manifest.core.code.nar)
    }

    /// Runs to the end, or to the first command that fails and may not.
    func run(cancel: Descriptor, _ facts: inout RunFacts) throws(GloveboxError) -> Ending {
        var directories: [Descriptor] = []
        var exit = ExitClass.exit(0)
        for (index, executor) in entry.manifest.core.executors.enumerated() {
            let (ended, left) = try run(executor, after: index > 0 ? directories : nil, cancel, &facts)
            directories = left
            exit = ended
            if !ended.isSuccess, case .exit = ended, executor.ignoreError { exit = .exit(0) }
            if !exit.isSuccess { break }
        }
        return Ending(exit: exit, directories: directories)
    }

    private func run(
        _ executor: Manifest.Executor,
        after previous: [Descriptor]?,
        _ cancel: Descriptor,
        _ facts: inout RunFacts
    ) throws(GloveboxError) -> (ExitClass, [Descriptor]) {
        var jail = try JobJail(site: site, entry: entry, executor: executor, isRemote: isRemote).specification
        let limits = entry.manifest.core.limits
        jail.staged = [JailSpecification.Staged(path: TaskLayout.code, bytes: 512 << 20, inodes: 50_000)]
        for path in layout.directories {
            var staged = JailSpecification.Staged(path: path, bytes: limits.diskBytes, inodes: limits.files)
            staged.isWritable = true
            jail.staged.append(staged)
        }
        jail.hasOutput = false
        jail.limits.outBytes = Self.streamBytes
        jail.limits.errorBytes = Self.streamBytes
        jail.input = try input(executor.stdin, previous)
        let streams = Streams()
        var directories: [Descriptor] = []
        var identity = FileIdentity(id: nil)
        var hooks = JailRun.Hooks()
        hooks.cancel = cancel
        hooks.output = { bytes, isError in
            if isError { streams.error += bytes } else { streams.out += bytes }
        }
        hooks.stage = { [self] (given: [Descriptor], writer: FileIdentity) throws(GloveboxError) in
            guard given.count == layout.directories.count + 1 else {
                throw GloveboxError("internal", "the jail has not the directories of the task")
            }
            identity = writer
            directories = Array(given.dropFirst())
            try fill(given, previous, writer)
        }
        var began = Machine.now()
        hooks.start = { [self] (_: JailReadback, _: JailProtections) throws(GloveboxError) in
            began = Machine.now()
            if previous == nil { try site.transition(entry.job.id, staged + [.change(.started)]) }
        }
        let result = try jails.run(jail, hooks: hooks)
        facts.take(result)
        denied += result.denied
        logs.append(
            TaskRecord.ExecutorLog(
                start: began,
                end: facts.end,
                stdout: String(decoding: streams.out.suffix(Self.tail), as: UTF8.self),
                stderr: String(decoding: streams.error.suffix(Self.tail), as: UTF8.self),
                exitCode: result.exitStatus
            )
        )
        try keep(streams.out, at: executor.stdout, directories, identity)
        try keep(streams.error, at: executor.stderr, directories, identity)
        return (JobRunner.exitClass(result), directories)
    }

    /// The approved code, and what the task's directories hold: its own files first, then what the command before left.
    private func fill(
        _ given: [Descriptor],
        _ previous: [Descriptor]?,
        _ writer: FileIdentity
    ) throws(GloveboxError) {
        let approved = entry.manifest.core.code.nar
        guard lseek(archive.raw, 0, SEEK_SET) == 0 else {
            throw GloveboxError("internal", "the archive cannot be read")
        }
        let archive = archive
        let measured = try writer.perform { () throws(GloveboxError) in
            try NARUnpacker.unpack(from: DescriptorStream(borrowing: archive.raw), into: given[0].raw)
        }
        guard measured.narSha256 == approved else {
            throw GloveboxError(
                "plan.digest-mismatch",
                "the code is now \(measured.narSha256), the plan was approved for \(approved)"
            )
        }
        for (index, path) in layout.directories.enumerated() {
            let target = given[index + 1]
            if let previous {
                guard try previous[index].holdsFile() else { continue }
                // Read as who we are, written as who the jail is: neither may do both.
                var packed = ByteArray()
                let reader = "/proc/self/fd/\(previous[index].raw)"
                let sink = ArrayOutput()
                _ = try CodeTree.pack(directory: reader, to: sink)
                packed = ByteArray(sink.bytes)
                try writer.perform { () throws(GloveboxError) in
                    _ = try NARUnpacker.unpack(from: packed, into: target.raw)
                }
                continue
            }
            let own = entry.manifest.core.files.contains { ("/" + $0.path).hasPrefix(path + "/") }
            guard own else { continue }
            let root = given[0]
            try writer.perform { () throws(GloveboxError) in
                let source: Descriptor
                do throws(SyscallError) {
                    source = try root.open(beneath: Array(path.utf8.dropFirst()), O_RDONLY | O_DIRECTORY)
                } catch {
                    throw error.coded("jail.staging")
                }
                _ = try CodeTree.copy(from: source.raw, into: target.raw)
            }
        }
        guard previous == nil else { return }
        for file in fetched.files {
            guard let place = layout.place(of: file.path) else {
                throw GloveboxError("internal", "an input has no directory of the task")
            }
            let target = given[place.directory + 1]
            try writer.perform { () throws(GloveboxError) in try file.place(at: place.rest, in: target) }
        }
        let details = fetched.files.isEmpty ? [] : [("fetched", fetched.json)]
        staged = [.change(.staged(measured: measured.narSha256), details: details)]
    }

    /// What a command reads as its standard input; nil for nothing.
    private func input(_ path: String, _ previous: [Descriptor]?) throws(GloveboxError) -> Descriptor? {
        guard !path.isEmpty else { return nil }
        let bytes: [UInt8]
        if let previous {
            guard let place = layout.place(of: path) else { throw Self.noInput(path) }
            do {
                bytes = try previous[place.directory].open(beneath: Array(place.rest.utf8), O_RDONLY)
                    .readAll(limit: Int(Self.streamBytes))
            } catch { throw Self.noInput(path) }
        } else if let file = fetched.file(at: path) {
            guard lseek(file.content.raw, 0, SEEK_SET) == 0 else { throw Self.noInput(path) }
            do { bytes = try file.content.readAll(limit: Int(Self.streamBytes)) } catch { throw Self.noInput(path) }
        } else {
            guard entry.manifest.core.files.contains(where: { "/" + $0.path == path }) else { throw Self.noInput(path) }
            bytes = try site.file(String(path.dropFirst()), of: entry.manifest.core.code.nar)
        }
        do { return try Descriptor.sealed(bytes, name: "input") } catch { throw error.coded("jail.staging") }
    }

    private static func noInput(_ path: String) -> GloveboxError {
        GloveboxError("input.missing", "there is no file \(Display.escape(path)) to read as standard input")
    }

    /// Puts a stream into the file that the task names for it.
    private func keep(
        _ bytes: [UInt8],
        at path: String,
        _ directories: [Descriptor],
        _ identity: FileIdentity
    ) throws(GloveboxError) {
        guard !path.isEmpty, let place = layout.place(of: path), directories.indices.contains(place.directory) else {
            return
        }
        let directory = directories[place.directory]
        do {
            try identity.perform { () throws(SyscallError) in
                let flags = O_WRONLY | O_CREAT | O_TRUNC
                try directory.open(beneath: Array(place.rest.utf8), flags, mode: 0o644).write(bytes)
            }
        } catch { throw error.coded("output.collect") }
    }
}

/// Bytes that are kept as they come, wherever the value that writes them goes.
private final class ArrayOutput: ByteOutput {
    private(set) var bytes: [UInt8] = []

    func write(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) { self.bytes += bytes }
}
