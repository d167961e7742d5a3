internal import Crypto
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxStore

/// One half of a backup while it is written.
///
/// The same files are copied twice: once while the site works, and then, while it rests, whatever has changed since.
struct BackupHalf {
    private static let chunk = 1 << 20
    /// A file that was changed so shortly before it was copied may change again within one tick of its clock.
    private static let settled: Int64 = 2_000_000_000

    /// What a file was when it was copied.
    private struct Seen {
        let inode: UInt64
        let size: Int64
        let changed: Int64
        /// Nanoseconds of the time of day.
        let copied: Int64
    }

    /// The directory it is written to, under a name that says it is not whole.
    let path: String
    private(set) var sums = BackupSums()
    private(set) var bytes: UInt64 = 0
    private var seen: [String: Seen] = [:]

    /// Makes the directory, which must not exist.
    ///
    /// - Throws: `storage.write`.
    init(_ path: String) throws(GloveboxError) {
        self.path = path
        try StateFile.makeDirectory(path)
    }

    /// Has these files of the state directory in the half, and no others.
    ///
    /// - Throws: `store.io`, `store.full`, `backup.name`.
    mutating func take(_ files: Set<String>, from root: String) throws(GloveboxError) {
        for path in sums.files.keys.filter({ !files.contains($0) }) { try drop(path) }
        for path in files.sorted() { try copy(path, from: root) }
    }

    /// Writes a file of the half's own.
    ///
    /// - Throws: `store.io`, `store.full`.
    func write(_ bytes: [UInt8], as name: String) throws(GloveboxError) {
        try Directory(path).replace(name, with: bytes, permissions: 0o600)
    }

    /// Makes everything durable.
    ///
    /// - Throws: `store.io`.
    func sync() throws(GloveboxError) {
        var directories: Set<String> = [path]
        for file in sums.files.keys {
            try OwnedFile("\(path)/\(file)", .read).sync()
            var parts = file.split(separator: "/").dropLast()
            while !parts.isEmpty {
                directories.insert("\(path)/\(parts.joined(separator: "/"))")
                parts.removeLast()
            }
        }
        for directory in directories { try Directory(directory).sync() }
    }

    private mutating func copy(_ file: String, from root: String) throws(GloveboxError) {
        guard BackupSums.isPath(file) else {
            throw GloveboxError("backup.name", "\(Display.escape(file)) is no name that gloveboxd gives a file")
        }
        let now = GloveboxLinux.SystemClock.now().milliseconds &* 1_000_000
        let status: GloveboxLinux.FileStatus
        let source: OwnedFile
        do {
            status = try Self.status(root + "/" + file)
            source = try OwnedFile(root + "/" + file, .read)
        } catch {
            // What is gone was removed after the log said so.
            guard try !Directory.exists(root + "/" + file) else { throw error }
            return try drop(file)
        }
        if let known = seen[file], known.inode == status.inode, known.size == status.size,
            known.changed == status.changed, status.changed < known.copied - Self.settled
        {
            return
        }
        try drop(file)
        let target = "\(path)/\(file)"
        if let slash = target.lastIndex(of: "/") { try StateFile.makeDirectory(String(target[..<slash])) }
        let copy = try OwnedFile(target, .create(permissions: 0o600))
        var hash = SHA256()
        var at = 0
        while case let part = try source.read(at: at, count: Self.chunk), !part.isEmpty {
            hash.update(data: part)
            try copy.write(part, at: at)
            at += part.count
        }
        sums.files[file] = GloveboxCore.Digest(bytes: Array(hash.finalize())) ?? .zero
        bytes += UInt64(at)
        seen[file] = Seen(inode: status.inode, size: status.size, changed: status.changed, copied: now)
    }

    private mutating func drop(_ file: String) throws(GloveboxError) {
        guard sums.files.removeValue(forKey: file) != nil, let known = seen.removeValue(forKey: file) else { return }
        bytes -= min(bytes, UInt64(clamping: known.size))
        try Directory.remove("\(path)/\(file)")
    }

    private static func status(_ path: String) throws(GloveboxError) -> GloveboxLinux.FileStatus {
        do { return try GloveboxLinux.FileStatus.of(path, followingLinks: false) } catch {
            throw error.coded("storage.read")
        }
    }
}
