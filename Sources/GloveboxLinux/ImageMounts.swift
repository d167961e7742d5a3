internal import CGloveboxLinux
internal import Glibc
internal import Synchronization

/// The mounts of image files that jails of this process share, so that what one has read is in memory for the next.
///
/// Each jail gets a mount of its own over one file system; its inodes are hidden by the jail's overlay. The page cache is
/// shared, which a job can notice by the time a first read takes.
package enum ImageMounts {
    /// One file at one moment: a changed file is another image.
    private struct Key: Hashable {
        let device: UInt64
        let inode: UInt64
        let changed: Int64
        let size: Int64
    }

    /// The file system of an image, and what keeps it.
    private struct Shared {
        let mount: Descriptor
        /// The loop device, where the kernel needs one.
        let device: DetachedMount.LoopDevice?
    }

    private static let most = 8
    private static let known = Mutex<[(key: Key, shared: Shared)]>([])

    /// A detached, read-only mount of the image in an open file: of that file, whatever its path now leads to.
    ///
    /// Needs root.
    package static func mount(_ file: Descriptor, format: DetachedMount.Format) throws(SyscallError) -> Descriptor {
        let status = try file.status()
        let key = Key(device: status.device, inode: status.inode, changed: status.changed, size: status.size)
        let shared = try known.withLock { (known: inout [(key: Key, shared: Shared)]) throws(SyscallError) -> Shared in
            if let found = known.first(where: { $0.key == key }) { return found.shared }
            let made = try make(file, format)
            if known.count == most { known.removeFirst() }
            known.append((key, made))
            return made
        }
        do { return try DetachedMount.copy(of: shared.mount, "image") } catch  where error.errno == EINVAL {
            // Before Linux 6.15 a mount that stands nowhere cannot be copied; a device can be mounted again.
            if let device = shared.device { return try DetachedMount.fileSystem(device.path, format) }
            return try DetachedMount.fileSystem(file.path, format)
        }
    }

    /// Lets go of what is kept for later jails; those that run keep theirs.
    package static func forget() {
        let kept = known.withLock { known in
            defer { known = [] }
            return known
        }
        // The kernel takes file systems apart here, outside the lock.
        withExtendedLifetime(kept) {}
    }

    /// A mount of a file system that no other jail has, so that none shares what it has read.
    ///
    /// Needs root; the first reads are slower.
    package static func own(_ file: Descriptor, format: DetachedMount.Format) throws(SyscallError) -> Descriptor {
        try make(file, format).mount
    }

    private static func make(_ file: Descriptor, _ format: DetachedMount.Format) throws(SyscallError) -> Shared {
        if format == .erofs {
            do { return Shared(mount: try DetachedMount.fileSystem(file.path, format), device: nil) } catch
                where error.errno == ENOTBLK || error.errno == EINVAL
            {}  // before Linux 6.12 only a device can be mounted
        }
        let device = try DetachedMount.LoopDevice(file, "image")
        return Shared(mount: try DetachedMount.fileSystem(device.path, format), device: device)
    }
}
