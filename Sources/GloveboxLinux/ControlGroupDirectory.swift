internal import CGloveboxLinux
internal import Glibc
internal import Synchronization

/// A directory of control groups.
///
/// It and its files are opened once and stay open: the kernel then walks one name and not a whole path, and most files
/// are read again.
final class ControlGroupDirectory: Sendable {
    /// Its path.
    let path: String
    private let parent: ControlGroupDirectory?
    private let name: String
    private let opened = Mutex(Opened())

    private struct Opened {
        var directory: Descriptor?
        var files: [String: Descriptor] = [:]
    }

    /// A directory that is there.
    init(_ path: String) { (self.path, name, parent) = (path, path, nil) }

    private init(_ name: String, in parent: ControlGroupDirectory) {
        (path, self.name, self.parent) = ("\(parent.path)/\(name)", name, parent)
    }

    /// One below it, which need not be there yet.
    func child(_ name: String) -> ControlGroupDirectory { ControlGroupDirectory(name, in: self) }

    /// Makes the directory.
    func make() throws(SyscallError) {
        let parent = Int(try parent?.descriptor().raw ?? AT_FDCWD)
        let made = Kernel.withPath(name) { Kernel.call(SYS_mkdirat, parent, $0, 0o755) }
        _ = try Kernel.value(made, "mkdir", path)
    }

    /// Removes the directory; whether it is gone.
    func remove() -> Bool {
        let base: Int
        do { base = Int(try parent?.descriptor().raw ?? AT_FDCWD) } catch { return error.errno == ENOENT }
        let removed = Kernel.withPath(name) { Kernel.call(SYS_unlinkat, base, $0, Int(AT_REMOVEDIR)) }
        return removed == 0 || removed == Int(-ENOENT)
    }

    /// The directory itself, in which a process can be born.
    func descriptor() throws(SyscallError) -> Descriptor {
        try opened.withLock { opened throws(SyscallError) in try directory(&opened) }
    }

    /// A file, opened the first way of those that the kernel grants; the same one each time.
    func file(
        _ name: String,
        _ ways: [Int32] = [O_RDWR, O_RDONLY, O_WRONLY]
    ) throws(SyscallError) -> Descriptor {
        try opened.withLock { opened throws(SyscallError) in
            if let file = opened.files[name] { return file }
            let file = try Self.open(name, in: directory(&opened), ways)
            opened.files[name] = file
            return file
        }
    }

    private static func open(
        _ name: String,
        in directory: Descriptor,
        _ ways: [Int32]
    ) throws(SyscallError) -> Descriptor {
        var refused = SyscallError("openat", EACCES, name)
        for way in ways {
            do { return try Descriptor.open(name, way, in: directory) } catch {
                guard error.errno == EACCES else { throw error }
                refused = error
            }
        }
        throw refused
    }

    private func directory(_ opened: inout Opened) throws(SyscallError) -> Descriptor {
        if let directory = opened.directory { return directory }
        let flags = Int32(0o10000000) | O_DIRECTORY  // O_PATH
        let directory = try Descriptor.open(name, flags, in: parent?.descriptor())
        opened.directory = directory
        return directory
    }

    /// Whether it has such a file.
    func has(_ name: String) -> Bool {
        do {
            _ = try file(name)
            return true
        } catch { return false }
    }

    /// Writes a file in one call; false when there is no such file.
    func write(_ value: String, to name: String) throws(SyscallError) -> Bool {
        let opened: Descriptor
        do { opened = try file(name) } catch {
            if error.errno == ENOENT { return false }
            throw error
        }
        try opened.write(Array(value.utf8))
        return true
    }

    /// What a file says now; nil when it cannot be read.
    ///
    /// Not for lists of processes: see ``processes()``.
    func text(_ name: String) -> [UInt8]? {
        do { return try Self.whole(file(name)) } catch { return nil }
    }

    /// The processes that stand in it; none when they cannot be read.
    ///
    /// The file is opened anew: with version 1 an open one keeps a list for a second, whatever has changed since.
    func processes() -> [Int32] {
        do {
            let list = try Self.whole(Descriptor.open("cgroup.procs", O_RDONLY, in: descriptor()))
            return list.split(separator: UInt8(ascii: "\n")).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
        } catch { return [] }
    }

    /// Reads to the end.
    ///
    /// Of a file of short lines one read gives all that fits, or most of a page, so that a small part is the last.
    private static func whole(_ file: Descriptor) throws(SyscallError) -> [UInt8] {
        let first = try file.read(upTo: 4096, once: 0)
        return first.count <= 2048 ? first : try file.readWhole(limit: 1 << 20)
    }
}
