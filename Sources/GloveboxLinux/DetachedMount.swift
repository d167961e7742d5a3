internal import CGloveboxLinux
internal import Glibc

/// Mounts that stand nowhere yet: made by the supervisor, attached by the launcher inside the jail's mount namespace.
package enum DetachedMount {
    /// File system of an image.
    package enum Format: String, Sendable {
        case erofs
        case squashfs
    }

    /// Mounts an image file read-only.
    ///
    /// Needs root.
    ///
    /// The file is used directly where the kernel can (EROFS, Linux 6.12 and later), else through a loop device that
    /// goes away with the mount.
    package static func image(_ path: String, format: Format) throws(SyscallError) -> Descriptor {
        if format == .erofs {
            do { return try mount(path, format) } catch  where error.errno == ENOTBLK || error.errno == EINVAL {}
        }
        let file = try Descriptor.open(path, O_RDONLY)
        var index: Int32 = -1
        let attached = unsafe withUnsafeMutablePointer(to: &index) { unsafe glx_loop_attach(file.raw, $0) }
        let device = Descriptor(owning: Int32(try Kernel.value(Int(attached), "loop device", path)))
        defer { withExtendedLifetime(device) {} }
        return try mount("/dev/loop\(index)", format)
    }

    /// A copy of the mount a directory stands on, without the mounts below it.
    ///
    /// Needs root.
    package static func directory(_ path: String) throws(SyscallError) -> Descriptor {
        let opened = Kernel.withPath(path) {
            Kernel.call(SYS_open_tree, Int(AT_FDCWD), $0, Int(OPEN_TREE_CLONE) | Int(O_CLOEXEC))
        }
        let tree = Descriptor(owning: Int32(try Kernel.value(opened, "open_tree", path)))
        var set = (UInt64(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), UInt64(0), UInt64(0), UInt64(0))
        let changed = unsafe withUnsafeMutablePointer(to: &set) { set in
            Kernel.withPath("") {
                Kernel.call(SYS_mount_setattr, Int(tree.raw), $0, Int(AT_EMPTY_PATH), Int(bitPattern: set), 32)
            }
        }
        _ = try Kernel.value(changed, "mount_setattr", path)
        return tree
    }

    private static func mount(_ source: String, _ format: Format) throws(SyscallError) -> Descriptor {
        let opened = Kernel.withPath(format.rawValue) { Kernel.call(SYS_fsopen, $0, 1) }  // FSOPEN_CLOEXEC
        let context = Descriptor(owning: Int32(try Kernel.value(opened, "fsopen", format.rawValue)))
        func configure(_ command: UInt32, _ key: String, _ value: String?) throws(SyscallError) {
            let done = Kernel.withPath(key) { key in
                guard let value else { return Kernel.call(SYS_fsconfig, Int(context.raw), Int(command), key) }
                return Kernel.withPath(value) { Kernel.call(SYS_fsconfig, Int(context.raw), Int(command), key, $0) }
            }
            _ = try Kernel.value(done, "fsconfig(\(key))", source)
        }
        try configure(FSCONFIG_SET_FLAG.rawValue, "ro", nil)
        try configure(FSCONFIG_SET_STRING.rawValue, "source", source)
        let created = Kernel.call(SYS_fsconfig, Int(context.raw), Int(FSCONFIG_CMD_CREATE.rawValue))
        _ = try Kernel.value(created, "mounting a file system", source)
        let flags = Int(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
        let made = Kernel.call(SYS_fsmount, Int(context.raw), 1, flags)  // FSMOUNT_CLOEXEC
        return Descriptor(owning: Int32(try Kernel.value(made, "fsmount", source)))
    }
}
