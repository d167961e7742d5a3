internal import Glibc

/// What the kernel says of an open file.
package struct FileStatus: Sendable {
    /// Whether it is a regular file.
    package let isRegular: Bool
    /// Whether it is a directory.
    package let isDirectory: Bool
    /// Number of names it has.
    package let links: UInt64
    /// Content in bytes.
    package let size: Int64
    /// Owner.
    package let user: UInt32
    /// Permission bits.
    package let permissions: UInt32
}

extension Descriptor {
    /// Asks the kernel about this file.
    package func status() throws(SyscallError) -> FileStatus {
        var status = stat()
        guard unsafe fstat(raw, &status) == 0 else { throw SyscallError("fstat", errno) }
        return FileStatus(
            isRegular: status.st_mode & S_IFMT == S_IFREG,
            isDirectory: status.st_mode & S_IFMT == S_IFDIR,
            links: UInt64(status.st_nlink),
            size: Int64(status.st_size),
            user: status.st_uid,
            permissions: status.st_mode & 0o7777
        )
    }
}
