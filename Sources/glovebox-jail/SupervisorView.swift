import CGloveboxLinux
import GloveboxPlanEmbedded

/// How the supervisor of an ordinary user reaches the files of a jail whose ids it does not have: through a mount on which
/// they are its own.
///
/// Source: mount_setattr(2), "ID-mapped mounts": a user namespace says who is who. It is a child of the jail's own, in which
/// the workload's id stands for that of the one who started the jail.
enum SupervisorView {
    /// Makes the namespace, under the number ``Given/view``, while this process still has the id of the one who started it;
    /// false where it cannot be made or the kernel maps no ids of a tmpfs (before Linux 6.3).
    static func make() -> Bool {
        let pid = Int(glx_fork(UInt64(CLONE_NEWUSER | CLONE_FILES), nil, -1))
        guard pid >= 0 else { return false }
        if pid == 0 { leave(open()) }
        var status: Int32 = -1
        let waited = unsafe withUnsafeMutablePointer(to: &status) { call(SYS_wait4, pid, Int(bitPattern: $0)) }
        return waited == pid && status == 0 && isOfUse
    }

    /// In a process of that namespace, which shares our descriptors; 0, or 1.
    private static func open() -> Int {
        let map = decimal(UInt64(JailBirth.workload)) + bytes(" ") + decimal(UInt64(JailBirth.starter)) + bytes(" 1\n")
        guard write(bytes("deny"), to: bytes("/proc/self/setgroups")) == 0,
            write(map, to: bytes("/proc/self/uid_map")) == 0, write(map, to: bytes("/proc/self/gid_map")) == 0
        else { return 1 }
        let file = call(SYS_openat, Int(AT_FDCWD), address("/proc/self/ns/user"), Int(O_RDONLY | O_CLOEXEC))
        guard file >= 0, call(SYS_dup3, file, Given.view, Int(O_CLOEXEC)) >= 0 else { return 1 }
        close(file)
        return 0
    }

    private static var isOfUse: Bool {
        let context = withText(bytes("tmpfs")) { call(SYS_fsopen, $0, 1) }  // FSOPEN_CLOEXEC
        guard context >= 0 else { return false }
        defer { close(context) }
        guard call(SYS_fsconfig, context, Int(FSCONFIG_CMD_CREATE.rawValue)) >= 0 else { return false }
        let mount = call(SYS_fsmount, context, 1, Int(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV))  // FSMOUNT_CLOEXEC
        guard mount >= 0 else { return false }
        defer { close(mount) }
        return show(mount) >= 0
    }

    /// A descriptor of a directory as the supervisor shall see it; `tree` is a mount of it that stands nowhere.
    static func directory(of tree: Int) -> Int {
        let shown = show(tree)
        guard shown >= 0 else { return shown }
        return call(SYS_openat, tree, address("."), Int(O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }

    private static func show(_ tree: Int) -> Int {
        var attributes: (UInt64, UInt64, UInt64, UInt64) = (UInt64(MOUNT_ATTR_IDMAP), 0, 0, UInt64(Given.view))
        return unsafe withUnsafeMutablePointer(to: &attributes) {
            call(SYS_mount_setattr, tree, address(""), Int(AT_EMPTY_PATH), Int(bitPattern: $0), 32)
        }
    }
}
