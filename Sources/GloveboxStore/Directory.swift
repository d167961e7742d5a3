internal import Glibc
package import GloveboxCore

/// A directory of the state, and durable changes to the names in it.
package struct Directory: Sendable {
    /// Where it lies.
    package let path: String

    /// Names a directory.
    package init(_ path: String) { self.path = path }

    /// Whether anything has this path; a link counts as something.
    package static func exists(_ path: String) throws(GloveboxError) -> Bool {
        var status = stat()
        let result = unsafe lstat(path, &status)
        if result == 0 { return true }
        guard errno == ENOENT else { throw SystemCall.failure("lstat", path, errno) }
        return false
    }

    /// Makes the directory, and those above it, where they are missing.
    ///
    /// - Parameter permissions: for the directories that are made.
    /// - Throws: `store.io`.
    package func make(permissions: UInt32 = 0o700) throws(GloveboxError) {
        if try Self.exists(path) { return }
        let parent = Self(Self.parent(of: path))
        try parent.make(permissions: permissions)
        let result = unsafe mkdir(path, permissions)
        if result != 0 && errno != EEXIST { throw SystemCall.failure("mkdir", path, errno) }
        try parent.sync()
    }

    /// Makes changes of names durable.
    ///
    /// - Throws: `store.io`.
    package func sync() throws(GloveboxError) { try open().sync() }

    /// Opens the directory itself.
    ///
    /// - Throws: `store.io`.
    package func open() throws(GloveboxError) -> OwnedFile {
        let descriptor = try SystemCall.retry("open", path) {
            unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        return OwnedFile(adopting: descriptor, path: path)
    }

    /// The names in the directory, in no order.
    ///
    /// - Throws: `store.io`; a name that is not UTF-8 is an error as well, as nothing here writes one.
    package func names() throws(GloveboxError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw SystemCall.failure("opendir", path, errno) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(validatingCString: $0) }
            }
            guard let name else { throw SystemCall.failure("readdir", path, EILSEQ) }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw SystemCall.failure("readdir", path, errno) }
        return names
    }

    /// Puts a file in place whole or not at all: written aside, synced, renamed, the name synced.
    ///
    /// - Throws: `store.io`.
    package func replace(_ name: String, with bytes: [UInt8], permissions: UInt32 = 0o444) throws(GloveboxError) {
        try place(name, with: bytes, permissions: permissions)
        try syncNames()
    }

    /// Puts a file in place whole or not at all; its name is durable after ``syncNames()``.
    ///
    /// - Throws: `store.full`, `store.io`.
    package func place(_ name: String, with bytes: [UInt8], permissions: UInt32 = 0o444) throws(GloveboxError) {
        let temporary = "\(path)/\(Self.temporaryName())"
        do {
            let file = try OwnedFile(temporary, .create(permissions: 0o600))
            try file.write(bytes, at: 0)
            try file.setPermissions(permissions)
            try file.sync()
            try move(temporary, to: name)
        } catch {
            Self.discard(temporary)
            throw error
        }
    }

    /// Renames a finished file to its name here, and makes the name durable.
    ///
    /// - Throws: `store.full` when nothing was renamed for want of room; `store.io`.
    package func rename(_ from: String, to name: String) throws(GloveboxError) {
        try move(from, to: name)
        try syncNames()
    }

    /// Makes renamed files' names durable.
    ///
    /// - Throws: `store.io`, and never `store.full`: the names may be there or not, which no caller may take for a full disk.
    package func syncNames() throws(GloveboxError) {
        do { try sync() } catch { throw GloveboxError("store.io", error.message) }
    }

    private func move(_ from: String, to name: String) throws(GloveboxError) {
        let target = "\(path)/\(name)"
        try SystemCall.retry("rename", target) { unsafe Glibc.rename(from, target) }
    }

    /// A name no other file has; names of this form are left-overs after a crash.
    package static func temporaryName() -> String { ".new-\(String(UInt64.random(in: .min ... .max), radix: 16))" }

    /// Removes left-overs of a crash.
    ///
    /// - Throws: `store.io`.
    package func removeTemporaries() throws(GloveboxError) {
        for name in try names() where name.hasPrefix(".new-") { Self.discard("\(path)/\(name)") }
    }

    /// Removes the directory, which must be empty.
    ///
    /// - Throws: `store.io`.
    package func removeEmpty() throws(GloveboxError) {
        try SystemCall.retry("rmdir", path) { unsafe rmdir(path) }
    }

    /// Removes a file.
    ///
    /// - Throws: `store.io`. ``sync()`` of its directory makes that durable.
    package static func remove(_ path: String) throws(GloveboxError) {
        try SystemCall.retry("unlink", path) { unsafe unlink(path) }
    }

    /// Removes a file that nobody needs any more; what remains does no harm.
    package static func discard(_ path: String) { _ = unsafe unlink(path) }

    private static func parent(of path: String) -> String {
        let bytes = Array(path.utf8)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }
}
