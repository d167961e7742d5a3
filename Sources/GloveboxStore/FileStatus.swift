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
    /// The device it lies on, as `major:minor`.
    let device: String

    init(_ status: stat) {
        self.size = Int(status.st_size)
        self.isRegular = status.st_mode & S_IFMT == S_IFREG
        self.isDirectory = status.st_mode & S_IFMT == S_IFDIR
        self.isPrivate = status.st_uid == geteuid() && status.st_mode & 0o077 == 0
        // The kernel's packing of 12 bits of major and 20 of minor numbers, source: makedev(3) of glibc.
        let packed = UInt64(status.st_dev)
        let major = packed >> 8 & 0xfff | packed >> 32 & 0xffff_f000
        let minor = packed & 0xff | packed >> 12 & 0xffff_ff00
        self.device = "\(major):\(minor)"
    }
}
