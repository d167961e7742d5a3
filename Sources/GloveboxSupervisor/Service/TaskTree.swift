internal import Foundation
internal import Glibc
internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxMeasure

/// The files that a task brings along, put together as a code tree: each at its path in the jail.
///
/// So they are measured, kept and approved like any code.
struct TaskTree {
    /// Where it is put together; a directory of the site's own.
    private let directory: String
    private let root: Descriptor

    /// The file in which the task itself stands, so that it is measured and approved with the rest.
    static let document = "task.json"

    /// Begins in a fresh directory below one of the site's own.
    init(in parent: String) throws(GloveboxError) {
        directory = parent + "/" + Machine.identifier("tree")
        try StateFile.makeDirectory(directory + "/root")
        do { root = try Descriptor.open(directory + "/root", O_RDONLY | O_DIRECTORY) } catch {
            throw error.coded("storage.write")
        }
    }

    /// Puts a file at a relative path.
    ///
    /// - Throws: `path.invalid` when something else is there.
    func add(_ content: [UInt8], at path: String) throws(GloveboxError) {
        do throws(SyscallError) {
            try makeDirectories(above: path)
            let flags = O_WRONLY | O_CREAT | O_EXCL
            let file = try root.open(beneath: Array(path.utf8), flags, mode: 0o644)
            try file.write(content)
        } catch { throw Self.refusal(error, path) }
    }

    /// Puts a file's content at a relative path.
    ///
    /// - Throws: `path.invalid` when something else is there.
    func add(_ content: borrowing Descriptor, at path: String) throws(GloveboxError) {
        do throws(SyscallError) {
            try makeDirectories(above: path)
            let file = try root.open(beneath: Array(path.utf8), O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            guard lseek(content.raw, 0, SEEK_SET) == 0 else { throw SyscallError("lseek", errno) }
            while case let bytes = try content.read(upTo: 1 << 16), !bytes.isEmpty { try file.write(bytes) }
        } catch { throw Self.refusal(error, path) }
    }

    /// Puts an uploaded tree at a relative path.
    ///
    /// - Throws: `path.invalid` when something else is there, and what unpacking throws.
    func add(tree archive: Descriptor, at path: String) throws(GloveboxError) {
        let target: Descriptor
        do throws(SyscallError) {
            try makeDirectories(above: path + "/x")
            target = try root.open(beneath: Array(path.utf8), O_RDONLY | O_DIRECTORY)
        } catch { throw Self.refusal(error, path) }
        _ = try NARUnpacker.unpack(from: DescriptorStream(borrowing: archive.raw), into: target.raw)
    }

    /// Packs it; the file is to be handed in like an upload.
    func pack() throws(GloveboxError) -> BlobUpload {
        let path = directory + "/tree.nar"
        do {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
            _ = try CodeTree.pack(directory: directory + "/root", to: DescriptorStream(borrowing: file.raw))
            return BlobUpload(path: path, bytes: UInt64(clamping: try file.status().size))
        } catch let error as SyscallError {
            throw error.coded("storage.write")
        } catch let error as GloveboxError {
            throw error
        } catch {
            throw GloveboxError("internal", "\(error)")
        }
    }

    /// Takes it away again.
    func remove() {
        do { try FileManager.default.removeItem(atPath: directory) } catch {
            // The next start clears what is left of uploads.
        }
    }

    private func makeDirectories(above path: String) throws(SyscallError) {
        var current = root
        for part in path.split(separator: "/").dropLast() {
            if unsafe mkdirat(current.raw, String(part), 0o755) != 0, errno != EEXIST {
                throw SyscallError("mkdirat", errno)
            }
            current = try current.open(beneath: Array(part.utf8), O_RDONLY | O_DIRECTORY)
        }
    }

    private static func refusal(_ error: SyscallError, _ path: String) -> GloveboxError {
        switch error.errno {
        case EEXIST, ENOTDIR, EISDIR, ELOOP, ENOTEMPTY:
            GloveboxError("path.invalid", "two inputs stand in each other's place at /\(Display.escape(path))")
        default: error.coded("storage.write")
        }
    }
}
