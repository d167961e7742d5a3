internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// The steps that show paths of the host in a jail: through inodes of the jail's own where the kernel can stack them.
///
/// An inode of the host is a door: who sees it can connect to the socket it is, meet others at the FIFO, see and hold
/// locks, and watch what is done to it. An overlay's inodes are nobody else's.
struct ShownPaths {
    /// Where file systems are mounted on this host; nil before anybody asked, which most jails never do.
    private var mountPoints: [String]?
    /// How many directories are laid under an overlay.
    private var covered = 0

    /// Whether a file system is mounted below a directory.
    ///
    /// - Throws: `jail.root` when the mounts cannot be read.
    mutating func hasMounts(below path: String) throws(GloveboxError) -> Bool {
        if mountPoints == nil { mountPoints = try Self.points() }
        let prefix = path == "/" ? "/" : path + "/"
        return mountPoints?.contains { $0.hasPrefix(prefix) && $0 != prefix } == true
    }

    private static func points() throws(GloveboxError) -> [String] {
        do {
            return try Kernel.readText("/proc/self/mountinfo").split(separator: "\n").compactMap { line in
                let fields = line.split(separator: " ")
                return fields.count > 4 ? MountTable.unescaped(fields[4]) : nil
            }
        } catch { throw error.coded("jail.root") }
    }

    /// Shows a directory or a regular file of the host at a path below the assembly directory.
    ///
    /// With mounts below it, or beside it where it is a file, it can only be shown as it is: the kernel lets no ordinary
    /// namespace take such a tree apart.
    ///
    /// - Throws: `jail.bind` when it is neither.
    mutating func steps(showing source: String, at target: [UInt8]) throws(GloveboxError) -> [JailStep] {
        let path = try Self.resolved(source)
        let status: FileStatus
        do { status = try FileStatus.of(path) } catch { throw error.coded("jail.bind") }
        if status.isDirectory {
            guard try !hasMounts(below: path) else {
                return [.bind(source: Array(path.utf8), path: target, flags: [.readOnly, .recursive])]
            }
            let lower = layer()
            return [
                .bind(source: Array(path.utf8), path: lower, flags: [.readOnly]), .cover(lower: lower, path: target),
            ]
        }
        guard status.isRegular else {
            throw GloveboxError(
                "jail.bind",
                "\(Display.escape(source)) is neither a directory nor a regular file, so it is not shown in a jail"
            )
        }
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        guard try !hasMounts(below: directory) else {
            return [.bind(source: Array(path.utf8), path: target, flags: [.readOnly, .recursive, .file])]
        }
        // Its directory is covered beside the root, and the file alone is shown.
        let lower = layer()
        let cover = lower + Array("-covered".utf8)
        return [
            .bind(source: Array(directory.utf8), path: lower, flags: [.readOnly]), .cover(lower: lower, path: cover),
            .bind(source: cover + Array(path[slash...].utf8), path: target, flags: [.readOnly, .file]),
        ]
    }

    private mutating func layer() -> [UInt8] {
        covered += 1
        return Array("shown/\(covered)".utf8)
    }

    /// The path without links.
    private static func resolved(_ path: String) throws(GloveboxError) -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw SyscallError("realpath", errno, path).coded("jail.bind")
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
