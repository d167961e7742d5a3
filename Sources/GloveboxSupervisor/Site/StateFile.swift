internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux

/// Small files of the state directory: written whole or not at all, read only when nobody else could have changed them.
enum StateFile {
    /// Makes a directory only the owner may enter, and those above it.
    static func makeDirectory(_ path: String, mode: UInt32 = 0o700) throws(GloveboxError) {
        // Most often it is there.
        if unsafe mkdir(path, mode) == 0 || errno == EEXIST { return }
        var parts = ""
        for part in path.split(separator: "/") {
            parts += "/" + part
            if unsafe mkdir(parts, mode) != 0 && errno != EEXIST {
                throw SyscallError("mkdir", errno, parts).coded("storage.write")
            }
        }
    }

    /// Writes a file durably: temporary name, sync, rename, sync of the directory.
    static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(GloveboxError) {
        try write(to: path, mode: mode) { (file) throws(GloveboxError) in try file.write(bytes) }
    }

    /// Writes a file as durably, in the place of a spare one if there is any.
    static func write(_ bytes: [UInt8], to path: String, from spares: SpareFiles) throws(GloveboxError) {
        guard let spare = spares.take() else { return try write(bytes, to: path) }
        do throws(SyscallError) {
            let file = try Descriptor.open(spare, O_WRONLY | O_NOFOLLOW)
            try file.write(bytes)
            guard ftruncate(file.raw, off_t(bytes.count)) == 0 else { throw SyscallError("ftruncate", errno, spare) }
            try put(file, spare, at: path)
        } catch {
            unsafe unlink(spare)
            // What clears the directory of uploads has taken it.
            guard error.errno == ENOENT else { throw error.coded("storage.write") }
            try write(bytes, to: path)
        }
    }

    /// A file that is being written.
    struct Writer {
        fileprivate let file: Descriptor

        /// Appends bytes.
        ///
        /// - Throws: `storage.write`.
        func write(_ bytes: [UInt8]) throws(GloveboxError) {
            do { try file.write(bytes) } catch { throw error.coded("storage.write") }
        }
    }

    /// The same piece by piece; what `body` throws leaves the file as it was.
    static func write(
        to path: String,
        mode: UInt32 = 0o600,
        _ body: (Writer) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let temporary = path + ".new"
        let file: Descriptor
        do {
            file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        } catch { throw error.coded("storage.write") }
        do throws(GloveboxError) {
            try body(Writer(file: file))
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        do throws(SyscallError) { try put(file, temporary, at: path) } catch { throw error.coded("storage.write") }
    }

    /// Gives a file that is written its name, durably.
    private static func put(_ file: Descriptor, _ temporary: String, at path: String) throws(SyscallError) {
        guard fsync(file.raw) == 0 else { throw SyscallError("fsync", errno, temporary) }
        guard unsafe rename(temporary, path) == 0 else { throw SyscallError("rename", errno, path) }
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let directory = try Descriptor.open(String(path[..<end]), O_RDONLY | O_DIRECTORY)
        guard fsync(directory.raw) == 0 else { throw SyscallError("fsync", errno, path) }
    }

    /// Copies a file durably, however large.
    static func copy(_ source: String, to path: String) throws(GloveboxError) {
        let file: Descriptor
        do { file = try Descriptor.open(source, O_RDONLY | O_NOFOLLOW) } catch { throw error.coded("storage.read") }
        try write(to: path) { (copy) throws(GloveboxError) in
            while true {
                let bytes: [UInt8]
                do throws(SyscallError) {
                    bytes = try file.read(upTo: 1 << 20)
                } catch { throw error.coded("storage.read") }
                if bytes.isEmpty { return }
                try copy.write(bytes)
            }
        }
    }

    /// Replaces a secret and overwrites the one before, as far as the file system writes in place.
    static func replaceSecret(_ bytes: [UInt8], at path: String) throws(GloveboxError) {
        let old = try openSecret(path)
        try write(bytes, to: path)
        _ = try overwrite(old, path)
    }

    /// Removes a secret and overwrites it, as far as the file system writes in place; a crash leaves the secret or none.
    static func destroySecret(_ path: String) throws(GloveboxError) {
        try replaceSecret([], at: path)
        try unlinkSecret(path)
    }

    /// Overwrites a file that opens whole or not at all, and takes it away: a crash may leave it torn.
    static func destroySealed(_ path: String, to spares: SpareFiles) throws(GloveboxError) {
        let bytes = try overwrite(openSecret(path), path)
        if !spares.keep(path, bytes: bytes) { try unlinkSecret(path) }
    }

    private static func unlinkSecret(_ path: String) throws(GloveboxError) {
        guard unsafe unlink(path) == 0 else { throw SyscallError("unlink", errno, path).coded("storage.write") }
    }

    private static func openSecret(_ path: String) throws(GloveboxError) -> Descriptor {
        do { return try Descriptor.open(path, O_WRONLY | O_NOFOLLOW) } catch { throw error.coded("storage.write") }
    }

    /// How many bytes it had.
    private static func overwrite(_ secret: Descriptor, _ path: String) throws(GloveboxError) -> Int {
        do throws(SyscallError) {
            let bytes = Int(try secret.status().size)
            try secret.write([UInt8](repeating: 0, count: bytes))
            guard fsync(secret.raw) == 0 else { throw SyscallError("fsync", errno, path) }
            return bytes
        } catch { throw error.coded("storage.write") }
    }

    /// Removes a file that holds no secret; one that is not there is no error.
    static func remove(_ path: String) throws(GloveboxError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw SyscallError("unlink", errno, path).coded("storage.write")
        }
    }

    /// Reads a file.
    static func read(_ path: String, limit: Int = 16 << 20) throws(GloveboxError) -> [UInt8] {
        do { return try Descriptor.open(path, O_RDONLY | O_NOFOLLOW).readAll(limit: limit) } catch {
            throw error.coded("storage.read")
        }
    }

    /// Reads a secret; refuses one that others may read.
    static func readSecret(_ path: String) throws(GloveboxError) -> [UInt8] {
        do throws(SyscallError) {
            let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
            let status = try file.status()
            if status.permissions & 0o077 == 0, status.user == geteuid() { return try file.readAll(limit: 65536) }
        } catch { throw error.coded("storage.read") }
        throw GloveboxError(
            "key.permissions",
            "\(Display.escape(path)) can be read by others or belongs to someone else",
            hint: "Make it mode 0600 and owned by the user that runs gloveboxd."
        )
    }

    /// Whether there is something at a path.
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
