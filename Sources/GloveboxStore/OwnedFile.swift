internal import CGloveboxLinux
internal import Glibc
package import GloveboxCore

/// An open file, closed when the last user lets go of it.
///
/// Every call handles signals and short transfers; every failure is thrown, none is retried.
package final class OwnedFile: Sendable {
    /// How a file is opened.
    package enum Mode: Sendable {
        /// An existing file, for reading.
        case read
        /// An existing file, for reading and writing.
        case update
        /// A file that must not exist yet, with these permission bits.
        case create(permissions: UInt32)
    }

    /// What the cache keeps at a time.
    static let pageBytes = 4096

    /// The descriptor, for calls not wrapped here.
    ///
    /// It stays owned by this object.
    package let descriptor: Int32
    /// Where it was opened, for messages.
    package let path: String

    /// Opens a file; a link in the last place is refused.
    ///
    /// - Throws: `store.io`.
    package init(_ path: String, _ mode: Mode) throws(GloveboxError) {
        let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        self.path = path
        self.descriptor = try SystemCall.retry("open", path) {
            switch mode {
            case .read: unsafe open(path, flags | O_RDONLY)
            case .update: unsafe open(path, flags | O_RDWR)
            case .create(let permissions): unsafe open(path, flags | O_RDWR | O_CREAT | O_EXCL, permissions)
            }
        }
    }

    /// Takes over an open descriptor.
    package init(adopting descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Permission bits, owner, kind and size.
    ///
    /// - Throws: `store.io`.
    package func status() throws(GloveboxError) -> FileStatus {
        var status = stat()
        let result = unsafe fstat(descriptor, &status)
        guard result == 0 else { throw SystemCall.failure("fstat", path, errno) }
        return FileStatus(status)
    }

    /// Reads up to `count` bytes at an offset; fewer only at the end of the file.
    ///
    /// - Throws: `store.io`.
    package func read(at offset: Int, count: Int) throws(GloveboxError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...]
                )
                let got = unsafe pread(descriptor, rest.baseAddress, rest.count, offset + filled)
                if got == 0 { break }
                if got > 0 {
                    filled += got
                } else if errno != EINTR {
                    failure = errno
                    break
                }
            }
        }
        guard failure == 0 else { throw SystemCall.failure("pread", path, failure) }
        return bytes
    }

    /// Writes all bytes at an offset.
    ///
    /// - Throws: `store.io`.
    package func write(_ bytes: [UInt8], at offset: Int) throws(GloveboxError) {
        var done = 0
        while done < bytes.count {
            let more = try SystemCall.retry("pwrite", path) {
                unsafe bytes.withUnsafeBytes {
                    unsafe pwrite(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
                }
            }
            // A device that takes nothing and gives no reason would otherwise be asked for ever.
            guard more > 0 else { throw SystemCall.failure("pwrite", path, EIO) }
            done += more
        }
    }

    /// Lets the disk begin with what was written; nothing is durable before ``syncData()``.
    ///
    /// - Throws: `store.io`, as ``syncData()``.
    package func startSync(at offset: Int, count: Int) throws(GloveboxError) {
        let result = glx_start_sync(descriptor, Int64(offset), Int64(count))
        guard result >= 0 else { throw SystemCall.failure("sync_file_range", path, -result) }
    }

    /// Makes the bytes durable; sizes and times only as far as reading needs them.
    ///
    /// - Throws: `store.io`. The bytes may then be lost for good: a second call can succeed and lie.
    package func syncData() throws(GloveboxError) {
        try SystemCall.retry("fdatasync", path) { fdatasync(descriptor) }
    }

    /// Makes bytes and attributes durable; for a directory, its names.
    ///
    /// - Throws: `store.io`.
    package func sync() throws(GloveboxError) { try SystemCall.retry("fsync", path) { fsync(descriptor) } }

    /// Cuts the file, or lengthens it with zeros.
    ///
    /// - Throws: `store.io`.
    package func truncate(to size: Int) throws(GloveboxError) {
        try SystemCall.retry("ftruncate", path) { ftruncate(descriptor, size) }
    }

    /// Sets the permission bits.
    ///
    /// - Throws: `store.io`.
    package func setPermissions(_ bits: UInt32) throws(GloveboxError) {
        try SystemCall.retry("fchmod", path) { fchmod(descriptor, bits) }
    }

    /// Takes the one lock there is on the file, and holds it until ``unlock()`` or the object goes.
    ///
    /// - Throws: `log.locked` when another process or object has it; `store.io`.
    package func lock() throws(GloveboxError) {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK {
                throw GloveboxError("log.locked", "\(Display.escape(path)) is in use by another process")
            }
            guard errno == EINTR else { throw SystemCall.failure("flock", path, errno) }
        }
    }

    /// Gives the lock back before the object goes.
    package func unlock() { _ = flock(descriptor, LOCK_UN) }

    /// Reserves room and fills it with zeros, so that later writes in place change no metadata.
    ///
    /// The zeros go past the cache, where they can, so that they keep no other write waiting for long: what is written in their
    /// place must begin where earlier bytes end and fill its last page, or the page is read from the disk first.
    ///
    /// - Throws: `store.io`, at once when the room is not there.
    package func reserve(_ count: Int) throws(GloveboxError) {
        try allocate(count)
        try zero(zeroDirectly(count)..<count)
    }

    /// Writes zeros past the cache, in steps that are soon done.
    ///
    /// - Returns: how many, in whole pages; 0 where the file system cannot.
    private func zeroDirectly(_ count: Int) throws(GloveboxError) -> Int {
        guard glx_set_direct(descriptor, 1) == 0 else { return 0 }
        defer { _ = glx_set_direct(descriptor, 0) }
        let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: Self.pageBytes)
        defer { unsafe zeros.deallocate() }
        unsafe zeros.initializeMemory(as: UInt8.self, repeating: 0)
        var (done, isRefused) = (0, false)
        while count - done >= Self.pageBytes {
            let step = min(zeros.count, (count - done) / Self.pageBytes * Self.pageBytes)
            let more = try SystemCall.retry("pwrite", path) {
                let more = unsafe pwrite(descriptor, zeros.baseAddress, step, done)
                // The disk has larger sectors than pages.
                isRefused = more < 0 && errno == EINVAL
                return isRefused ? 0 : more
            }
            guard !isRefused else { break }
            guard more > 0 else { throw SystemCall.failure("pwrite", path, EIO) }
            done += more
            guard more == step else { break }
        }
        return done / Self.pageBytes * Self.pageBytes
    }

    /// Reserves room.
    ///
    /// - Throws: `store.full` when the room is not there, `store.io`.
    package func allocate(_ count: Int) throws(GloveboxError) {
        let code = posix_fallocate(descriptor, 0, count)
        guard code == 0 else { throw SystemCall.failure("posix_fallocate", path, code) }
    }

    /// Writes zeros over a range and makes them durable.
    ///
    /// - Throws: `store.io`.
    package func zero(_ range: Range<Int>) throws(GloveboxError) {
        let block = [UInt8](repeating: 0, count: min(range.count, 1 << 20))
        var at = range.lowerBound
        while at < range.upperBound {
            let part = min(block.count, range.upperBound - at)
            try write(part == block.count ? block : Array(block[..<part]), at: at)
            at += part
        }
        try sync()
    }
}
