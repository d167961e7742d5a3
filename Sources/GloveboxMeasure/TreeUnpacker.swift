internal import Glibc
package import GloveboxCore

/// Modes and owner of what is unpacked.
package struct UnpackOptions: Sendable {
    /// Who owns everything below the root.
    package struct Owner: Sendable {
        /// A user id of this namespace.
        package var user: UInt32
        /// A group id of this namespace.
        package var group: UInt32

        /// Names an owner.
        package init(user: UInt32, group: UInt32) {
            self.user = user
            self.group = group
        }
    }

    /// The owner to set; nil leaves the calling user.
    package var owner: Owner?
    /// Mode of a file that is no program; exactly this one, whatever the umask.
    package var fileMode: UInt32
    /// Mode of a program.
    package var programMode: UInt32
    /// Mode of a directory below the root; the root is left as the caller made it.
    package var directoryMode: UInt32

    /// By default files are 0644, programs and directories 0755.
    package init(
        owner: Owner? = nil,
        fileMode: UInt32 = 0o644,
        programMode: UInt32 = 0o755,
        directoryMode: UInt32 = 0o755
    ) {
        self.owner = owner
        self.fileMode = fileMode
        self.programMode = programMode
        self.directoryMode = directoryMode
    }
}

/// Writes a tree below an open directory, one name at a time, following nothing and replacing nothing.
///
/// Times and owners of the source are not kept. What was written before an error stays there: the caller throws the
/// directory away.
package struct TreeUnpacker: TreeSink {
    private let root: Int32
    private let options: UnpackOptions
    private var open: [Descriptor] = []
    private var file: Descriptor?
    private var executable = false

    /// Unpacks into a directory that somebody else keeps open; it should be empty and belong to nobody else.
    package init(into root: Int32, options: UnpackOptions) {
        self.root = root
        self.options = options
    }

    package mutating func beginDirectory(_ path: TreePath) throws(GloveboxError) {
        guard path != .root else { return }
        let made = unsafe System.withName(path.name) { unsafe mkdirat(directory, $0, 0o700) }
        guard made == 0, let descriptor = System.open(path.name, in: directory, O_RDONLY | O_DIRECTORY) else {
            throw System.failure("cannot make the directory \(path.display)")
        }
        open.append(descriptor)
    }

    package mutating func endDirectory(_ path: TreePath) throws(GloveboxError) {
        guard let descriptor = open.popLast() else { return }
        try settle(descriptor, mode: options.directoryMode)
    }

    package mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError) {
        guard let created = System.open(path.name, in: directory, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600) else {
            throw System.failure("cannot make the file \(path.display)")
        }
        file = created
        self.executable = executable
    }

    package mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) {
        guard let file else { return }
        var stream = DescriptorStream(borrowing: file.number)
        try stream.write(bytes)
    }

    package mutating func endFile() throws(GloveboxError) {
        guard let done = file else { return }
        file = nil
        try settle(done, mode: executable ? options.programMode : options.fileMode)
    }

    package mutating func symlink(_ path: TreePath, target: [UInt8]) throws(GloveboxError) {
        let result = unsafe System.withName(path.name) { name in
            unsafe System.withName(target) { unsafe symlinkat($0, directory, name) }
        }
        guard result == 0 else { throw System.failure("cannot make the link \(path.display)") }
        guard let owner = options.owner else { return }
        let changed = unsafe System.withName(path.name) {
            unsafe fchownat(directory, $0, owner.user, owner.group, AT_SYMLINK_NOFOLLOW)
        }
        guard changed == 0 else { throw System.failure("cannot give away the link \(path.display)") }
    }

    private var directory: Int32 { open.last?.number ?? root }

    private func settle(_ descriptor: Descriptor, mode: UInt32) throws(GloveboxError) {
        if let owner = options.owner, fchown(descriptor.number, owner.user, owner.group) != 0 {
            throw System.failure("cannot give away what was unpacked")
        }
        guard fchmod(descriptor.number, mode) == 0 else { throw System.failure("cannot set a mode") }
    }
}
