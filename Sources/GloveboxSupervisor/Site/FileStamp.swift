internal import GloveboxCore
internal import GloveboxLinux

/// What differs when a file is another one than was read, or was changed since.
struct FileStamp: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    /// In nanoseconds.
    private let changed: Int64

    /// Looks at a file, itself or, with `followingLinks`, at where it leads.
    ///
    /// - Throws: `storage.read`.
    init(_ path: String, followingLinks: Bool) throws(GloveboxError) {
        let status: FileStatus
        do { status = try FileStatus.of(path, followingLinks: followingLinks) } catch {
            throw error.coded("storage.read")
        }
        (device, inode, size, changed) = (status.device, status.inode, status.size, status.changed)
    }
}
