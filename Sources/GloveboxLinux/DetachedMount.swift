internal import CGloveboxLinux
internal import Glibc

/// Mounts that stand nowhere yet: made by the supervisor, attached by the launcher inside the jail's mount namespace.
package enum DetachedMount {
    /// File system of an image.
    package enum Format: String, Sendable {
        case erofs
        case squashfs
    }

    /// A loop device over a file; it goes away with its last user.
    package struct LoopDevice: Sendable {
        private let descriptor: Descriptor
        /// Its path.
        package let path: String

        /// Attaches a free device, read-only.
        package init(_ file: Descriptor, _ name: String) throws(SyscallError) {
            var index: Int32 = -1
            let attached = unsafe withUnsafeMutablePointer(to: &index) { unsafe glx_loop_attach(file.raw, $0) }
            descriptor = Descriptor(owning: Int32(try Kernel.value(Int(attached), "loop device", name)))
            path = "/dev/loop\(index)"
        }
    }

    /// Mounts the file system in a file or a device, read-only.
    ///
    /// Needs root.
    package static func fileSystem(_ source: String, _ format: Format) throws(SyscallError) -> Descriptor {
        try mount(
            format.rawValue,
            [("ro", nil), ("source", source)],
            attributes: MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
        )
    }

    /// Another mount of the same file system.
    package static func copy(of mount: Descriptor, _ what: String) throws(SyscallError) -> Descriptor {
        let opened = Kernel.withPath("") {
            let flags = Int(OPEN_TREE_CLONE) | Int(O_CLOEXEC) | Int(AT_EMPTY_PATH)
            return Kernel.call(SYS_open_tree, Int(mount.raw), $0, flags)
        }
        return Descriptor(owning: Int32(try Kernel.value(opened, "open_tree", what)))
    }

    /// A copy of the mount a directory stands on, without the mounts below it.
    ///
    /// Needs root.
    package static func directory(_ path: String) throws(SyscallError) -> Descriptor {
        let opened = Kernel.withPath(path) {
            Kernel.call(SYS_open_tree, Int(AT_FDCWD), $0, Int(OPEN_TREE_CLONE) | Int(O_CLOEXEC))
        }
        let tree = Descriptor(owning: Int32(try Kernel.value(opened, "open_tree", path)))
        try set(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, on: tree, path)
        return tree
    }

    /// A `/dev` of its own: five device nodes that no other jail shares, so that no lock and no watch on them is seen
    /// elsewhere, links to the streams, and a place for `shm`; read-only.
    ///
    /// Needs root with the right to make device nodes.
    package static func devices() throws(SyscallError) -> Descriptor {
        let mount = try mount(
            "tmpfs",
            [("size", "65536"), ("nr_inodes", "64"), ("mode", "755")],
            attributes: MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC
        )
        let directory = Int(mount.raw)
        func make(_ name: String, _ body: (Int) -> Int) throws(SyscallError) {
            _ = try Kernel.value(Kernel.withPath(name, body), "making a device file system", name)
        }
        // All five are devices of major number 1; the number of a device is major << 8 | minor.
        for (name, minor) in [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)] {
            try make(name) { Kernel.call(SYS_mknodat, directory, $0, 0o020000, 1 << 8 | minor) }
            try make(name) { Kernel.call(SYS_fchmodat, directory, $0, 0o666) }
        }
        for (name, end) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
            try make(name) { name in
                Kernel.withPath("/proc/self/fd" + end) { Kernel.call(SYS_symlinkat, $0, directory, name) }
            }
        }
        try make("shm") { Kernel.call(SYS_mkdirat, directory, $0, 0o755) }
        try set(MOUNT_ATTR_RDONLY, on: mount, "/dev")
        return mount
    }

    /// A tmpfs that stands nowhere and goes with its descriptor, for so many bytes and files; nothing in it can be executed.
    ///
    /// Needs root.
    package static func scratch(bytes: UInt64, files: UInt64) throws(SyscallError) -> Descriptor {
        let (size, count) = (max(4096, bytes), files == .max ? files : files + 1)  // its own root is one
        let mount = try mount(
            "tmpfs",
            [("size", String(size)), ("nr_inodes", String(count)), ("mode", "700")],
            attributes: MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC
        )
        return try Descriptor.open(".", O_RDONLY | O_DIRECTORY, in: mount)
    }

    private static func set(_ attributes: Int32, on mount: Descriptor, _ what: String) throws(SyscallError) {
        var set = (UInt64(attributes), UInt64(0), UInt64(0), UInt64(0))
        let changed = unsafe withUnsafeMutablePointer(to: &set) { set in
            Kernel.withPath("") {
                Kernel.call(SYS_mount_setattr, Int(mount.raw), $0, Int(AT_EMPTY_PATH), Int(bitPattern: set), 32)
            }
        }
        _ = try Kernel.value(changed, "mount_setattr", what)
    }

    private static func mount(
        _ type: String,
        _ options: [(name: String, value: String?)],
        attributes: Int32
    ) throws(SyscallError) -> Descriptor {
        let opened = Kernel.withPath(type) { Kernel.call(SYS_fsopen, $0, 1) }  // FSOPEN_CLOEXEC
        let context = Descriptor(owning: Int32(try Kernel.value(opened, "fsopen", type)))
        func configure(_ command: fsconfig_command, _ name: Int = 0, _ value: Int = 0) -> Int {
            Kernel.call(SYS_fsconfig, Int(context.raw), Int(command.rawValue), name, value)
        }
        for (name, value) in options {
            let done = Kernel.withPath(name) { name in
                guard let value else { return configure(FSCONFIG_SET_FLAG, name) }
                return Kernel.withPath(value) { configure(FSCONFIG_SET_STRING, name, $0) }
            }
            _ = try Kernel.value(done, "fsconfig(\(name))", value ?? type)
        }
        _ = try Kernel.value(configure(FSCONFIG_CMD_CREATE), "mounting a file system", type)
        let made = Kernel.call(SYS_fsmount, Int(context.raw), 1, Int(attributes))  // FSMOUNT_CLOEXEC
        return Descriptor(owning: Int32(try Kernel.value(made, "fsmount", type)))
    }
}
