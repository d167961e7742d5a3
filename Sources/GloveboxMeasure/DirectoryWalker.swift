internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore

/// Walks a directory by descriptors and hands it to a sink in NAR order.
struct DirectoryWalker {
    /// Stops a listing before an endless directory fills the memory.
    let limits: TreeLimits
    /// How many bytes of a file are read and handed on at once.
    static let pieceBytes = 1 << 18
    /// How many pieces a sink on another thread may have before it.
    static let ahead = 10
    // There are more buffers than pieces with the sink or its lane, so each is free when its turn comes again, and nothing
    // is copied.
    private static let turns = 2 * ahead
    private var buffers = [[UInt8](repeating: 0, count: Self.pieceBytes)]
    private var turn = 0

    init(limits: TreeLimits) { self.limits = limits }

    /// Attributes that a system may put on every file by itself; they are not the author's, and no copy carries them.
    private static let ambient: Set<String> = ["security.selinux", "security.SMACK64", "system.nfs4_acl"]

    /// Walks from an open directory.
    ///
    /// - Throws: what attestation section 5 refuses, with its code; `input.io` where the system refuses.
    mutating func walk(_ directory: Int32, into sink: inout some TreeSink) throws(GloveboxError) {
        try walk(directory, at: .root, into: &sink)
    }

    private mutating func walk(
        _ directory: Int32,
        at path: TreePath,
        into sink: inout some TreeSink
    ) throws(GloveboxError) {
        try sink.beginDirectory(path)
        for (name, listed) in try names(in: directory, at: path) {
            let child = path.appending(name)
            // Most systems tell the kind with the name. What counts is what is opened; this only keeps devices shut.
            var kind = listed
            if kind == nil { kind = try System.status(name, in: directory, at: child).st_mode & S_IFMT }
            switch kind {
            case S_IFDIR:
                let (inner, status) = try open(name, in: directory, at: child, O_RDONLY | O_DIRECTORY)
                guard status.st_mode & S_IFMT == S_IFDIR else { throw Self.changed(child) }
                try check(inner, status, at: child)
                defer { withExtendedLifetime(inner) {} }
                try walk(inner.number, at: child, into: &sink)
            case S_IFREG:
                let (file, status) = try open(name, in: directory, at: child, O_RDONLY)
                guard status.st_mode & S_IFMT == S_IFREG else { throw Self.changed(child) }
                try check(file, status, at: child)
                try Self.checkLinks(status, at: child)
                try read(file, status, at: child, into: &sink)
            case S_IFLNK:
                let names = try System.attributes(ofLink: name, in: directory)
                try refuse(names, at: child)
                try sink.symlink(child, target: System.readLink(name, in: directory, at: child))
            default:
                throw GloveboxError("code.special-file", "a device, FIFO or socket: \(child.display)")
            }
        }
        try sink.endDirectory(path)
    }

    private func open(
        _ name: [UInt8],
        in directory: Int32,
        at path: TreePath,
        _ flags: Int32
    ) throws(GloveboxError) -> (Descriptor, stat) {
        guard let descriptor = System.open(name, in: directory, flags) else {
            throw System.failure("cannot open \(path.display)")
        }
        return (descriptor, try System.status(descriptor.number))
    }

    private func check(_ descriptor: Descriptor, _ status: stat, at path: TreePath) throws(GloveboxError) {
        guard status.st_mode & (S_ISUID | S_ISGID | S_ISVTX) == 0 else {
            throw GloveboxError("code.special-file", "a setuid, setgid or sticky bit is set: \(path.display)")
        }
        try refuse(System.attributes(of: descriptor.number), at: path)
    }

    /// Checks that an open file has one name.
    ///
    /// - Throws: `code.link` for more; `code.mismatch` for none, as another file took its place after it was opened.
    static func checkLinks(_ status: stat, at path: TreePath) throws(GloveboxError) {
        guard status.st_nlink > 0 else { throw Self.changed(path) }
        guard status.st_nlink == 1 else {
            throw GloveboxError("code.link", "a file has more than one hard link: \(path.display)")
        }
    }

    private func refuse(_ attributes: [String], at path: TreePath) throws(GloveboxError) {
        guard let name = attributes.first(where: { !Self.ambient.contains($0) }) else { return }
        throw GloveboxError(
            "code.xattr",
            "the extended attribute \(Display.escape(name)) is set on \(path.display)"
        )
    }

    private mutating func read(
        _ file: Descriptor,
        _ status: stat,
        at path: TreePath,
        into sink: inout some TreeSink
    ) throws(GloveboxError) {
        let size = Int64(status.st_size)
        try sink.beginFile(path, executable: status.st_mode & S_IXUSR != 0, size: size)
        defer { withExtendedLifetime(file) {} }
        var stream = DescriptorStream(borrowing: file.number)
        var left = size
        while true {
            let count = try stream.read(into: &buffers[turn])
            guard count > 0 else { break }
            left -= Int64(count)
            guard left >= 0 else { throw Self.changed(path) }
            try sink.chunk(buffers[turn][..<count])
            // A regular file gives less than was asked for only at its end.
            if left == 0, count < Self.pieceBytes { break }
            if count == Self.pieceBytes { nextBuffer() }
        }
        guard left == 0 else { throw Self.changed(path) }
        try sink.endFile()
    }

    private mutating func nextBuffer() {
        turn = (turn + 1) % Self.turns
        if turn == buffers.count { buffers.append([UInt8](repeating: 0, count: Self.pieceBytes)) }
    }

    private static func changed(_ path: TreePath) -> GloveboxError {
        GloveboxError("code.mismatch", "the tree was changed while it was read: \(path.display)")
    }

    private func names(
        in directory: Int32,
        at path: TreePath
    ) throws(GloveboxError) -> [(name: [UInt8], kind: mode_t?)] {
        // A descriptor of its own, because a listing moves the offset that duplicates share.
        let dot = [UInt8(ascii: ".")]
        let copy = unsafe System.withName(dot) { unsafe openat(directory, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard copy >= 0 else { throw System.failure("cannot open \(path.display)") }
        guard let listing = unsafe fdopendir(copy) else {
            defer { _ = close(copy) }
            throw System.failure("cannot list \(path.display)")
        }
        defer { unsafe _ = closedir(listing) }
        var names: [(name: [UInt8], kind: mode_t?)] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(listing) else {
                guard errno == 0 else { throw System.failure("cannot list \(path.display)") }
                break
            }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            guard name != dot, name != dot + dot else { continue }
            guard names.count < limits.entries else {
                throw GloveboxError("code.limits", "the tree has more than \(limits.entries) entries")
            }
            names.append((name, unsafe Self.kind(entry.pointee.d_type)))
        }
        return names.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private static func kind(_ type: UInt8) -> mode_t? {
        switch Int(type) {
        case Int(DT_REG): S_IFREG
        case Int(DT_DIR): S_IFDIR
        default: nil
        }
    }
}
