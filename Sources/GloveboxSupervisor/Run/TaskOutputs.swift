internal import Glibc
internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPolicy

/// Takes the files that a plan wants out of a task's directories, when its last process is dead: names and files are
/// hostile, and nothing is followed.
struct TaskOutputs {
    /// One file that leaves.
    struct File {
        /// Its name in the release.
        let name: String
        /// Where a client finds it.
        let log: TaskRecord.OutputLog
        let bytes: [UInt8]
    }

    let layout: TaskLayout
    let outputs: [Manifest.Output]
    let rules: VerbatimRules

    private static let depth = 32
    /// Bytes of all files together.
    private static let most: Int64 = 64 << 20

    /// Everything that the outputs name.
    ///
    /// - Throws: `output.missing`, `output.too-large`, `output.too-many`.
    func collect(_ directories: [Descriptor]) throws(GloveboxError) -> [File] {
        var found: [File] = []
        var total: Int64 = 0
        for output in outputs where !output.url.hasPrefix("glovebox://workspace/") {
            let before = found.count
            try visit(output, directories) { (path, bytes) throws(GloveboxError) in
                total += Int64(bytes.count)
                guard total <= max(rules.maxBytes, Self.most) else {
                    throw GloveboxError("output.too-large", "the outputs have more than \(Self.most) bytes")
                }
                guard found.count < rules.maxFiles else {
                    throw GloveboxError("output.too-many", "the outputs are more than \(rules.maxFiles) files")
                }
                let log = TaskRecord.OutputLog(
                    url: Self.url(of: path, output),
                    path: path,
                    bytes: UInt64(bytes.count)
                )
                found.append(File(name: Self.name(path, found.count), log: log, bytes: bytes))
            }
            let isOptional = output.type == "DIRECTORY" || TaskOutputs.isPattern(output.path)
            guard found.count > before || isOptional else {
                throw GloveboxError("output.missing", "the task left no file \(Display.escape(output.path))")
            }
        }
        return found
    }

    /// Where what leaves private data stands in the jail, under both names.
    private static let released = ["/job/code/outputs/", "/out/"]

    /// Whether a path, or a pattern's fixed part, names what a job on private data leaves to be checked.
    static func isOfRelease(_ path: String) -> Bool { released.contains { (path + "/").hasPrefix($0) } }

    /// Where a file that left private data is to be written, by a plan's outputs, and its path there.
    static func deliveries(of name: String, _ outputs: [Manifest.Output]) -> [(url: String, path: String)] {
        outputs.filter { TaskURL.isDelivered($0.url) }.flatMap { output in
            let pattern = TaskPattern(output.path)
            return released.map { $0 + name }.filter { path in
                let parts = path.split(separator: "/").map { Array($0.utf8) }
                return pattern.matches(parts, orAbove: output.type == "DIRECTORY")
            }
            .map { (url(of: $0, output), $0) }
        }
    }

    /// The plan's path and the prefix to take off it; the manifest keeps the prefix behind a `#` of the URL.
    private static func url(of path: String, _ output: Manifest.Output) -> String {
        let halves = output.url.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let base = halves[0]
        let fixed = halves.count > 1 ? halves[1] : output.path
        if path == fixed { return base }
        let rest = path.hasPrefix(fixed) ? path.dropFirst(fixed.count) : path[...]
        var tail = String(rest.drop { $0 == "/" })
        if base.hasPrefix("file:") {
            tail = tail.split(separator: "/").map { PercentPath.encode(String($0)) }.joined(separator: "/")
        }
        return (base.hasSuffix("/") ? base : base + "/") + tail
    }

    static func isPattern(_ path: String) -> Bool { path.utf8.contains { [0x2a, 0x3f, 0x5b].contains($0) } }

    /// A name that no file of the evidence has, of at most 64 bytes.
    private static func name(_ path: String, _ index: Int) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? ""
        let safe = last.utf8.map { byte -> UInt8 in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            return isPlain || byte == 45 || byte == 46 || byte == 95 ? byte : 95
        }
        let number = String(index + 1)
        let digits = String(repeating: "0", count: max(0, 4 - number.utf8.count)) + number
        return digits + "-" + String(decoding: safe.suffix(48), as: UTF8.self)
    }

    private func visit(
        _ output: Manifest.Output,
        _ directories: [Descriptor],
        _ take: (String, [UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let pattern = TaskPattern(output.path)
        for (directory, path) in zip(directories, layout.directories) {
            let above = path.split(separator: "/").map { Array($0.utf8) }
            var budget = rules.maxFiles * 64 + 4096
            try walk(directory, above, pattern, output.type == "DIRECTORY", &budget, take)
        }
    }

    private func walk(
        _ directory: Descriptor,
        _ path: [[UInt8]],
        _ pattern: TaskPattern,
        _ isDirectory: Bool,
        _ budget: inout Int64,
        _ take: (String, [UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        guard path.count < Self.depth else { return }
        do {
            for name in try directory.names(limit: 100_000) {
                budget -= 1
                guard budget > 0 else { throw GloveboxError("output.too-many", "the task left too many files") }
                let whole = path + [name]
                let status = try FileStatus.of(name, in: directory)
                if status.isDirectory {
                    try walk(
                        directory.openOwn(name, O_RDONLY | O_DIRECTORY),
                        whole,
                        pattern,
                        isDirectory,
                        &budget,
                        take
                    )
                } else if status.isRegular, pattern.matches(whole, orAbove: isDirectory) {
                    guard let text = String(validating: Array(whole.joined(separator: [0x2f])), as: UTF8.self) else {
                        throw GloveboxError("output.name", "an output's name is not UTF-8")
                    }
                    let limit = Int(clamping: rules.maxBytes)
                    guard status.size <= limit else {
                        throw GloveboxError("output.too-large", "an output has more than \(limit) bytes")
                    }
                    try take("/" + text, directory.openOwn(name).readAll(limit: limit))
                }
            }
        } catch let error as SyscallError {
            throw error.coded("output.collect")
        } catch let error as GloveboxError {
            throw error
        } catch {
            throw GloveboxError("internal", "\(error)")
        }
    }
}
