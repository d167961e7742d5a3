internal import Foundation
internal import Glibc
internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxMeasure

/// The files that a task brings along, put together as a code tree: each at its path in the jail.
///
/// So they are measured, kept and approved like any code. Little text stays in memory: what is made on disk and deleted again
/// for each task slows every new file of the next minutes.
final class TaskTree {
    /// What it is packed into.
    enum Packed {
        /// Small enough for memory, and measured in the same pass.
        case archive([UInt8], CodeMeasurement)
        /// A file that is to be handed in like an upload.
        case upload(BlobUpload)
    }

    /// A directory of the site's own, and the tree in it.
    private struct Folder {
        let path: String
        let root: Descriptor
    }

    private let parent: String
    /// What has come so far, while there is no folder.
    private var texts: [(path: String, content: [UInt8])] = []
    private var bytes = 0
    private var folder: Folder?

    /// The file in which the task itself stands, so that it is measured and approved with the rest.
    static let document = "task.json"
    /// Bytes that are kept in memory.
    private static let mostInMemory = 1 << 20

    /// Begins one; `parent` is where it goes on when it grows.
    init(in parent: String) { self.parent = parent }

    /// Puts a file at a relative path.
    ///
    /// - Throws: `path.invalid` when something else is there; of what is in memory ``pack()`` says so.
    func add(_ content: [UInt8], at path: String) throws(GloveboxError) {
        if folder == nil, bytes + content.count <= Self.mostInMemory {
            texts.append((path, content))
            bytes += content.count
        } else {
            try write(content, at: path, in: onDisk())
        }
    }

    /// Puts a file's content at a relative path.
    ///
    /// - Throws: `path.invalid` when something else is there.
    func add(_ content: borrowing Descriptor, at path: String) throws(GloveboxError) {
        let root = try onDisk()
        do throws(SyscallError) {
            try makeDirectories(above: path, in: root)
            let file = try root.open(beneath: Array(path.utf8), O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            guard lseek(content.raw, 0, SEEK_SET) == 0 else { throw SyscallError("lseek", errno) }
            while case let bytes = try content.read(upTo: 1 << 16), !bytes.isEmpty { try file.write(bytes) }
        } catch { throw Self.refusal(error, path) }
    }

    /// Puts an uploaded tree at a relative path.
    ///
    /// - Throws: `path.invalid` when something else is there, and what unpacking throws.
    func add(tree archive: Descriptor, at path: String) throws(GloveboxError) {
        let root = try onDisk()
        let target: Descriptor
        do throws(SyscallError) {
            try makeDirectories(above: path + "/x", in: root)
            target = try root.open(beneath: Array(path.utf8), O_RDONLY | O_DIRECTORY)
        } catch { throw Self.refusal(error, path) }
        _ = try NARUnpacker.unpack(from: DescriptorStream(borrowing: archive.raw), into: target.raw)
    }

    /// Packs it.
    ///
    /// - Throws: `path.invalid`, the `code.*` refusals, `storage.write`.
    func pack() throws(GloveboxError) -> Packed {
        guard let folder else { return try packTexts() }
        let path = folder.path + "/tree.nar"
        do {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
            _ = try CodeTree.pack(directory: folder.path + "/root", to: DescriptorStream(borrowing: file.raw))
            return .upload(BlobUpload(path: path, bytes: UInt64(clamping: try file.status().size)))
        } catch let error as SyscallError {
            throw error.coded("storage.write")
        } catch let error as GloveboxError {
            throw error
        } catch {
            throw GloveboxError("internal", "\(error)")
        }
    }

    private func packTexts() throws(GloveboxError) -> Packed {
        var draft = TreeDraft()
        for (path, content) in texts {
            let names = path.split(separator: "/", omittingEmptySubsequences: false).map { Array($0.utf8) }
            guard try draft.add(content, at: names) else { throw Self.taken(path) }
        }
        let (archive, measurement) = try draft.pack()
        return .archive(archive, measurement)
    }

    /// Takes it away again.
    func remove() {
        guard let folder else { return }
        do { try FileManager.default.removeItem(atPath: folder.path) } catch {
            // The next start clears what is left of uploads.
        }
    }

    /// The tree's root on disk, with all that has come.
    private func onDisk() throws(GloveboxError) -> Descriptor {
        if let folder { return folder.root }
        let path = parent + "/" + Machine.identifier("tree")
        try StateFile.makeDirectory(path + "/root")
        let made: Folder
        do { made = Folder(path: path, root: try Descriptor.open(path + "/root", O_RDONLY | O_DIRECTORY)) } catch {
            throw error.coded("storage.write")
        }
        folder = made
        for (path, content) in texts { try write(content, at: path, in: made.root) }
        texts = []
        return made.root
    }

    private func write(_ content: [UInt8], at path: String, in root: Descriptor) throws(GloveboxError) {
        do throws(SyscallError) {
            try makeDirectories(above: path, in: root)
            let file = try root.open(beneath: Array(path.utf8), O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            try file.write(content)
        } catch { throw Self.refusal(error, path) }
    }

    private func makeDirectories(above path: String, in root: Descriptor) throws(SyscallError) {
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
        case EEXIST, ENOTDIR, EISDIR, ELOOP, ENOTEMPTY: taken(path)
        default: error.coded("storage.write")
        }
    }

    private static func taken(_ path: String) -> GloveboxError {
        GloveboxError("path.invalid", "two inputs stand in each other's place at /\(Display.escape(path))")
    }
}
