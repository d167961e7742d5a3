internal import Glibc

/// Room on a file system, in bytes.
package struct DiskSpace: Sendable, Equatable {
    /// The whole file system.
    package let total: UInt64
    /// What this process may still fill.
    package let available: UInt64

    /// Describes room.
    package init(total: UInt64, available: UInt64) {
        self.total = total
        self.available = available
    }

    /// The file system that holds a path.
    package init(of path: String) throws(SyscallError) {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { throw SyscallError("statvfs", errno, path) }
        total = UInt64(status.f_blocks) * UInt64(status.f_frsize)
        available = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Whether the file system of an open directory takes no more bytes, or no more files.
    package static func isFull(_ directory: Descriptor) throws(SyscallError) -> Bool {
        var status = statvfs()
        guard unsafe fstatvfs(directory.raw, &status) == 0 else { throw SyscallError("fstatvfs", errno) }
        return status.f_bavail == 0 || status.f_favail == 0
    }
}
