internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore

/// The directories of a jail in which the commands of a task read and write.
///
/// They follow from the plan: the directory of each file it names. Each is a tmpfs of its own; none stands in another.
struct TaskLayout {
    /// Absolute paths in the jail, sorted.
    let directories: [String]

    /// What a task may have of them: with the code they go to the supervisor as descriptors of one message.
    static let most = 14
    /// Where the code tree of every job stands, read-only.
    static let code = "/job/code"
    /// What the image or the jail itself holds.
    private static let taken: Set<String> = [
        "bin", "boot", "dev", "etc", "job", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "usr",
    ]

    /// A layout of one directory.
    init(directory: String) { directories = [directory] }

    /// The layout of a plan, with the files that are fetched when it is staged.
    ///
    /// - Throws: `path.invalid` for a file in a place of the image or the jail, `limit.exceeded`.
    init(_ manifest: Manifest, fetching task: TaskDocument?) throws(GloveboxError) {
        var wanted = Set((task?.fetched ?? []).map { Self.parent(of: $0.path) })
        for file in manifest.core.files where file.path != TaskTree.document {
            wanted.insert(Self.parent(of: "/" + file.path))
        }
        for output in manifest.outputs {
            let path = Self.fixed(output.path)
            let isWhole = output.type == "DIRECTORY" && path == Self.plain(output.path)
            wanted.insert(isWhole ? path : Self.parent(of: path))
        }
        for executor in manifest.core.executors {
            if executor.cwd != Self.code, executor.cwd != "/", executor.cwd != "/tmp" {
                wanted.insert(Self.plain(executor.cwd))
            }
            for path in [executor.stdin, executor.stdout, executor.stderr] where !path.isEmpty {
                wanted.insert(Self.parent(of: path))
            }
        }
        for path in wanted { try Self.check(path) }
        directories = wanted.filter { path in !wanted.contains { $0 != path && path.hasPrefix($0 + "/") } }.sorted()
        guard directories.count <= Self.most else {
            throw GloveboxError(
                "limit.exceeded",
                "the task names files in \(directories.count) directories; at most \(Self.most) are possible",
                hint: "Put them below a common directory."
            )
        }
    }

    /// The directory that holds a path, and the rest of the path below it.
    func place(of path: String) -> (directory: Int, rest: String)? {
        let path = Self.plain(path)
        for (index, directory) in directories.enumerated() {
            if path == directory { return (index, "") }
            if path.hasPrefix(directory + "/") { return (index, String(path.dropFirst(directory.count + 1))) }
        }
        return nil
    }

    /// Whether a directory can be the task's own.
    static func check(_ path: String) throws(GloveboxError) {
        let first = path.split(separator: "/").first.map(String.init) ?? ""
        guard !first.isEmpty, !taken.contains(first) else {
            throw GloveboxError(
                "path.invalid",
                "\(Display.escape(path)) belongs to the image; a task's files stand in directories of their own",
                hint: "Use a path such as /data/in.txt or /results/out.txt."
            )
        }
    }

    /// The path up to its first part with a wildcard.
    private static func fixed(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            if TaskOutputs.isPattern(String(part)) { return "/" + (parts + ["*"]).joined(separator: "/") }
            parts.append(part)
        }
        return "/" + parts.joined(separator: "/")
    }

    private static func parent(of path: String) -> String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }

    private static func plain(_ path: String) -> String { "/" + path.split(separator: "/").joined(separator: "/") }
}
