internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux

internal import struct Crypto.SHA256

/// Durable changes to the files of the store: each file appears whole or not at all.
enum StoreFiles {
    /// Whether something has this path.
    static func exists(_ path: String) throws(GloveboxError) -> Bool {
        var status = stat()
        if unsafe stat(path, &status) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else { throw failure("stat", path) }
        return false
    }

    /// Whether the path is a directory; a link is followed.
    static func isDirectory(_ path: String) throws(GloveboxError) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw failure("stat", path) }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes a directory and those above it where they are missing.
    static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(GloveboxError) {
        if try exists(path) { return }
        let parent = parent(of: path)
        if parent != path { try makeDirectory(parent) }
        if unsafe mkdir(path, mode) != 0 && errno != EEXIST { throw failure("mkdir", path) }
    }

    /// A new private directory beside the finished things, on the same file system.
    static func makeTemporary(in directory: String) throws(GloveboxError) -> String {
        let path = "\(directory)/\(temporaryName())"
        guard unsafe mkdir(path, 0o700) == 0 else { throw failure("mkdir", path) }
        return path
    }

    /// A name no other file has.
    static func temporaryName() -> String { ".new-\(String(UInt64.random(in: .min ... .max), radix: 16))" }

    /// The bytes of a file.
    static func read(_ path: String, limit: Int) throws(GloveboxError) -> [UInt8] {
        try coded { () throws(SyscallError) in try Descriptor.open(path, O_RDONLY).readAll(limit: limit) }
    }

    /// The first bytes of a file.
    static func head(_ path: String, count: Int) throws(GloveboxError) -> [UInt8] {
        try coded { () throws(SyscallError) in
            let file = try Descriptor.open(path, O_RDONLY)
            var head: [UInt8] = []
            while head.count < count {
                let part = try file.read(upTo: count - head.count)
                if part.isEmpty { break }
                head += part
            }
            return head
        }
    }

    /// Copies a file, hashing what is written; the copy is on disk when this returns.
    static func copy(_ from: String, to path: String) throws(GloveboxError) -> (digest: Digest, bytes: UInt64) {
        try coded { () throws(SyscallError) in
            let output = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            let copied = try copy(from, into: output)
            try finish(output, path, mode: 0o444)
            return copied
        }
    }

    /// Copies a file to one without a name, which no other process can open by a path or give a name; it goes away with
    /// its last user.
    ///
    /// - Returns: the copy, open for reading alone, and the hash of what was written.
    static func namelessCopy(
        _ from: String,
        in directory: String
    ) throws(GloveboxError) -> (file: Descriptor, digest: Digest) {
        try coded { () throws(SyscallError) in
            // O_TMPFILE, which Swift does not see, beside O_EXCL: never to be linked.
            let output = try Descriptor.open(directory, 0o20_000_000 | O_DIRECTORY | O_RDWR | O_EXCL, mode: 0o400)
            let copied = try copy(from, into: output)
            return (try Descriptor.open(output.path, O_RDONLY), copied.digest)
        }
    }

    private static func copy(
        _ from: String,
        into output: Descriptor
    ) throws(SyscallError) -> (digest: Digest, bytes: UInt64) {
        let input = try Descriptor.open(from, O_RDONLY)
        var state = SHA256()
        var total: UInt64 = 0
        while true {
            let chunk = try input.read(upTo: 1 << 20)
            if chunk.isEmpty { break }
            unsafe chunk.withUnsafeBytes { unsafe state.update(bufferPointer: $0) }
            total += UInt64(chunk.count)
            try output.write(chunk)
        }
        // A SHA-256 value has 32 bytes, so the other branch is never taken.
        return (Digest(bytes: Array(state.finalize())) ?? .zero, total)
    }

    /// Puts a small file in place of what was there.
    static func replace(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws(GloveboxError) {
        let temporary = "\(parent(of: path))/\(temporaryName())"
        do {
            try coded { () throws(SyscallError) in
                let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                try file.write(bytes)
                try finish(file, temporary, mode: mode)
            }
            try rename(temporary, to: path)
        } catch {
            discard(temporary)
            throw error
        }
    }

    /// Gives a finished file or directory its name, and makes the name durable.
    static func rename(_ from: String, to path: String) throws(GloveboxError) {
        guard unsafe Glibc.rename(from, path) == 0 else { throw failure("rename", path) }
        let directory = parent(of: path)
        try coded { () throws(SyscallError) in
            try sync(Descriptor.open(directory, O_RDONLY | O_DIRECTORY), directory)
        }
    }

    /// Removes a file nobody needs any more; what remains does no harm.
    static func discard(_ path: String) { _ = unsafe unlink(path) }

    /// Removes a file; one that is not there is no error.
    static func remove(_ path: String) throws(GloveboxError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure("unlink", path) }
    }

    /// Removes a directory with all that is in it; one that is not there is no error.
    static func remove(tree path: String) throws(GloveboxError) {
        guard try exists(path) else { return }
        try coded { () throws(SyscallError) in
            try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).empty()
        }
        guard unsafe rmdir(path) == 0 else { throw failure("rmdir", path) }
    }

    /// The names in a directory in byte order, without those of unfinished files.
    static func names(in directory: String) throws(GloveboxError) -> [String] {
        guard let stream = unsafe opendir(directory) else { throw failure("opendir", directory) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The directory a path is in.
    static func parent(of path: String) -> String {
        let bytes = Array(path.utf8)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    private static func finish(_ file: Descriptor, _ path: String, mode: UInt32) throws(SyscallError) {
        guard fchmod(file.raw, mode) == 0 else { throw SyscallError("fchmod", errno, path) }
        try sync(file, path)
    }

    private static func sync(_ file: Descriptor, _ path: String) throws(SyscallError) {
        guard fsync(file.raw) == 0 else { throw SyscallError("fsync", errno, path) }
    }

    private static func failure(_ call: String, _ path: String) -> GloveboxError {
        SyscallError(call, errno, path).coded("image.io")
    }

    private static func coded<Value>(_ body: () throws(SyscallError) -> Value) throws(GloveboxError) -> Value {
        do { return try body() } catch { throw error.coded("image.io") }
    }
}
