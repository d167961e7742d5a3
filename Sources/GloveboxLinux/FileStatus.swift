internal import Glibc

/// What the kernel says of a file.
///
/// The one place that touches `struct stat`: beside other C modules Swift cannot say which of them it comes from.
package struct FileStatus: Sendable {
    /// Whether it is a regular file.
    package let isRegular: Bool
    /// Whether it is a directory.
    package let isDirectory: Bool
    /// Whether it is a symbolic link.
    package let isLink: Bool
    /// Whether it is a socket.
    package let isSocket: Bool
    /// Number of names it has.
    package let links: UInt64
    /// Content in bytes.
    package let size: Int64
    /// Owner.
    package let user: UInt32
    /// Group.
    package let group: UInt32
    /// Permission bits.
    package let permissions: UInt32
    /// Number of the device it is on.
    package let device: UInt64
    /// Its number there.
    package let inode: UInt64
    /// When it was last changed, in nanoseconds.
    package let changed: Int64

    /// When its content was last changed, in nanoseconds.
    package let modified: Int64

    private init(_ status: stat) {
        let kind = status.st_mode & S_IFMT
        isRegular = kind == S_IFREG
        isDirectory = kind == S_IFDIR
        isLink = kind == S_IFLNK
        isSocket = kind == S_IFSOCK
        links = UInt64(status.st_nlink)
        size = Int64(status.st_size)
        user = status.st_uid
        group = status.st_gid
        permissions = status.st_mode & 0o7777
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
        modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }

    /// What stands at a path, itself or, with `followingLinks`, where it leads.
    package static func of(_ path: String, followingLinks: Bool = true) throws(SyscallError) -> FileStatus {
        var status = stat()
        let read = unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
        guard read == 0 else { throw SyscallError("stat", errno, path) }
        return FileStatus(status)
    }

    /// What stands under a name in an open directory, links not followed.
    package static func of(_ name: [UInt8], in directory: Descriptor) throws(SyscallError) -> FileStatus {
        var status = stat()
        let path = (name + [0]).map { CChar(bitPattern: $0) }
        guard unsafe fstatat(directory.raw, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SyscallError("fstatat", errno)
        }
        return FileStatus(status)
    }

    fileprivate static func of(_ descriptor: Descriptor) throws(SyscallError) -> FileStatus {
        var status = stat()
        guard unsafe fstat(descriptor.raw, &status) == 0 else { throw SyscallError("fstat", errno) }
        return FileStatus(status)
    }
}

extension Descriptor {
    /// Asks the kernel about this file.
    package func status() throws(SyscallError) -> FileStatus { try FileStatus.of(self) }
}
