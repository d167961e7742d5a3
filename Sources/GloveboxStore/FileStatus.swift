internal import Glibc

/// What the file system says about an open file.
package struct FileStatus: Sendable {
    /// Length in bytes.
    package let size: Int
    /// Whether it is an ordinary file.
    package let isRegular: Bool
    /// Whether it is a directory.
    package let isDirectory: Bool
    /// Whether it belongs to this process's user and nobody else may read or write it.
    package let isPrivate: Bool

    init(_ status: stat) {
        self.size = Int(status.st_size)
        self.isRegular = status.st_mode & S_IFMT == S_IFREG
        self.isDirectory = status.st_mode & S_IFMT == S_IFDIR
        self.isPrivate = status.st_uid == geteuid() && status.st_mode & 0o077 == 0
    }
}
