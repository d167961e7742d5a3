package import GloveboxCore

/// What lies under a directory.
package struct FileSystemKind: Sendable {
    private static let unsafeNames: Set<String> = [
        "tmpfs", "ramfs", "overlay", "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph",
    ]

    /// Its name, such as `ext4`; `unknown` where the mount table does not say.
    package let name: String

    /// Whether what is synced there is known not to outlast a power cut, or that depends on another machine.
    package var isUnsafe: Bool { Self.unsafeNames.contains(name) || name.hasPrefix("fuse") }

    /// Looks the directory's device up among the mounts.
    ///
    /// - Throws: `store.io`.
    package init(of directory: Directory) throws(GloveboxError) {
        let device = try directory.open().status().device
        let table = try OwnedFile("/proc/self/mountinfo", .read).read(at: 0, count: 1 << 20)
        let mount = String(decoding: table, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ") }
            .last { $0.count > 2 && $0[2] == device }
        // After the optional fields and a lone dash: type, source, options.
        let type = mount?.drop { $0 != "-" }.dropFirst().first
        name = type.map(String.init) ?? "unknown"
    }
}
