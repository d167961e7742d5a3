internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore

/// The calls on directories and files that this module makes, on single names below an open directory: no name is
/// resolved twice and no link is followed.
enum System {
    /// Turns `errno` into an error.
    static func failure(_ what: String, _ code: String = "input.io") -> GloveboxError {
        let number = errno
        return GloveboxError(code, "\(what): \(unsafe String(cString: strerror(number)))")
    }

    /// Opens the root of a walk; a link at this place is followed, since what counts is the directory that was opened.
    static func openDirectory(path: String) throws(GloveboxError) -> Descriptor {
        let number = unsafe path.withCString { unsafe Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0 else { throw failure("cannot open the directory \(Display.escape(path))") }
        return Descriptor(owning: number)
    }

    /// Opens an entry of a directory, neither following a link, leaving the directory, nor waiting for the other end of a FIFO.
    ///
    /// Source: openat2(2), `RESOLVE_NO_SYMLINKS`, `RESOLVE_BENEATH`; openat(2) before Linux 5.6 and where a filter denies it.
    static func open(_ name: [UInt8], in directory: Int32, _ flags: Int32, mode: mode_t = 0) -> Descriptor? {
        let all = flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        var how = (UInt64(all), UInt64(flags & O_CREAT == 0 ? 0 : mode), UInt64(0x04 | 0x08))
        let opened = unsafe withName(name) { name in
            unsafe withUnsafeMutablePointer(to: &how) { how in
                glx_syscall(
                    Int(SYS_openat2),
                    Int(directory),
                    Int(bitPattern: name),
                    Int(bitPattern: how),
                    24,
                    0,
                    0
                )
            }
        }
        if opened >= 0 { return Descriptor(owning: Int32(opened)) }
        guard opened == -Int(ENOSYS) || opened == -Int(EPERM) else {
            errno = Int32(-opened)
            return nil
        }
        let number = unsafe withName(name) { unsafe openat(directory, $0, all, mode) }
        return number >= 0 ? Descriptor(owning: number) : nil
    }

    /// What stands behind a descriptor.
    static func status(_ descriptor: Int32) throws(GloveboxError) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure("cannot stat") }
        return status
    }

    /// What stands behind a name, the link itself where it is one.
    static func status(_ name: [UInt8], in directory: Int32, at path: TreePath) throws(GloveboxError) -> stat {
        var status = stat()
        let result = unsafe withName(name) { unsafe fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }
        guard result == 0 else { throw failure("cannot stat \(path.display)") }
        return status
    }

    /// The target of a link.
    static func readLink(_ name: [UInt8], in directory: Int32, at path: TreePath) throws(GloveboxError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = unsafe withName(name) { pointer in
            unsafe buffer.withUnsafeMutableBytes { bytes in
                guard let base = unsafe bytes.bindMemory(to: CChar.self).baseAddress else { return 0 }
                return unsafe readlinkat(directory, pointer, base, bytes.count)
            }
        }
        guard count >= 0 else { throw failure("cannot read the link \(path.display)") }
        return Array(buffer.prefix(count))
    }

    /// Calls with a name as a C string.
    static func withName<Result>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.count + 1) { buffer in
            let end = unsafe buffer.initialize(fromContentsOf: name.lazy.map { CChar(bitPattern: $0) })
            unsafe buffer.initializeElement(at: end, to: 0)
            // With room for the terminator it is never empty, so it always has a base address.
            guard let base = buffer.baseAddress else { preconditionFailure("an empty C string") }
            return unsafe body(base)
        }
    }

    /// The names of the extended attributes behind a descriptor.
    static func attributes(of descriptor: Int32) throws(GloveboxError) -> [String] {
        try unsafe attributes { unsafe flistxattr(descriptor, $0, $1) }
    }

    /// The names of the extended attributes of a link.
    static func attributes(ofLink name: [UInt8], in directory: Int32) throws(GloveboxError) -> [String] {
        // There is no call that takes a directory and a name; the descriptor's own path stands in for it.
        let path = Array("/proc/self/fd/\(directory)/".utf8) + name
        return try unsafe attributes { list, size in unsafe withName(path) { unsafe llistxattr($0, list, size) } }
    }

    private static func attributes(
        _ list: (UnsafeMutablePointer<CChar>?, Int) -> Int
    ) throws(GloveboxError) -> [String] {
        // Most files have none, and for those the kernel need not fill a list.
        let length = list(nil, 0)
        if length == 0 || length < 0 && (errno == ENOTSUP || errno == EOPNOTSUPP) { return [] }
        var buffer = [CChar](repeating: 0, count: Int(XATTR_LIST_MAX))
        let count = unsafe buffer.withUnsafeMutableBufferPointer { unsafe list($0.baseAddress, $0.count) }
        guard count >= 0 else { throw failure("cannot list extended attributes") }
        let bytes = buffer.prefix(count).map { UInt8(bitPattern: $0) }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A descriptor that is closed when nobody holds it any more.
final class Descriptor: Sendable {
    /// The number in the process's table.
    let number: Int32

    /// Takes over an open descriptor.
    init(owning number: Int32) { self.number = number }

    deinit { _ = close(number) }

    /// Lends the number for as long as the body runs; reading ``number`` alone does not keep the descriptor open.
    func lend<Result>(_ body: (Int32) throws(GloveboxError) -> Result) throws(GloveboxError) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(number)
    }
}
