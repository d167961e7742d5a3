internal import Glibc
internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxMeasure

/// Files of this host that tasks may name: below the directories in `tes.file_roots`, and nowhere else.
///
/// No link is followed, and no file system below a root is entered. What is read is copied into the plan when the task is
/// made; what is written was released before.
struct TaskFiles: Sendable {
    /// Greatest file that is read, in bytes.
    private static let most = 64 << 20

    /// Absolute paths; none unless the operator names some.
    let roots: [String]

    /// A root that is open, and the names below it.
    private struct Place {
        let root: Descriptor
        let names: [String]
    }

    /// Refuses a task that names files elsewhere.
    ///
    /// - Throws: `url.scheme`, with the member it is about.
    func check(_ task: TaskDocument) throws(GloveboxError) {
        let inputs = task.inputs.enumerated().map { ("/inputs/\($0.offset)/url", $0.element.url) }
        let outputs = task.outputs.enumerated().map { ("/outputs/\($0.offset)/url", $0.element.url) }
        for (pointer, url) in inputs + outputs {
            guard let path = TaskURL.path(ofFile: url), root(of: path) == nil else { continue }
            throw TaskParameters.invalid(
                pointer,
                roots.isEmpty
                    ? "names a file of the site's host, which this site does not allow"
                    : "names a file outside \(roots.joined(separator: ", "))",
                code: "url.scheme"
            )
        }
    }

    /// Copies a file, or the files of a directory, into a tree.
    ///
    /// - Throws: `input.missing`, `input.too-large`, what packing a tree throws.
    func copy(_ url: String, isDirectory: Bool, into tree: TaskTree, at path: String) throws(GloveboxError) {
        let place = try place(of: url)
        let source: Descriptor
        do throws(SyscallError) {
            let below = Array(place.names.joined(separator: "/").utf8)
            let flags = isDirectory ? O_RDONLY | O_DIRECTORY : O_RDONLY
            source = below.isEmpty ? place.root : try place.root.open(beneath: below, flags)
            let status = try source.status()
            guard isDirectory || status.isRegular else { throw SyscallError("open", EINVAL) }
            guard isDirectory || status.size <= Self.most else { throw SyscallError("read", EFBIG) }
        } catch { throw Self.unreadable(url, error) }
        if isDirectory {
            let archive: Descriptor
            do { archive = try Descriptor.memory(name: "inputs") } catch { throw Self.unreadable(url, error) }
            _ = try CodeTree.pack(
                directory: "/proc/self/fd/\(source.raw)",
                to: DescriptorStream(borrowing: archive.raw)
            )
            guard lseek(archive.raw, 0, SEEK_SET) == 0 else { throw Self.unreadable(url, SyscallError("lseek", errno)) }
            return try tree.add(tree: archive, at: path)
        }
        let bytes: [UInt8]
        do { bytes = try source.readAll(limit: Self.most) } catch { throw Self.unreadable(url, error) }
        try tree.add(bytes, at: path)
    }

    private static func unreadable(_ url: String, _ error: SyscallError) -> GloveboxError {
        GloveboxError(
            error.errno == EFBIG ? "input.too-large" : "input.missing",
            "\(Display.escape(url)) cannot be read: \(error.description)"
        )
    }

    /// Writes a released file, in the place of one that is there.
    ///
    /// - Throws: `output.undelivered`.
    func write(_ bytes: [UInt8], to url: String) throws(GloveboxError) {
        let place = try place(of: url)
        guard let name = place.names.last else {
            throw GloveboxError("output.undelivered", "\(Display.escape(url)) names no file")
        }
        do throws(SyscallError) {
            var directory = place.root
            for part in place.names.dropLast() {
                if unsafe mkdirat(directory.raw, part, 0o755) != 0, errno != EEXIST {
                    throw SyscallError("mkdirat", errno)
                }
                directory = try directory.open(beneath: Array(part.utf8), O_RDONLY | O_DIRECTORY)
            }
            let temporary = ".glovebox-" + Machine.identifier("out")
            let file = try directory.open(beneath: Array(temporary.utf8), O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            do throws(SyscallError) {
                try file.write(bytes)
                guard fchmod(file.raw, 0o644) == 0 else { throw SyscallError("fchmod", errno) }
                guard fsync(file.raw) == 0 else { throw SyscallError("fsync", errno) }
                guard unsafe renameat(directory.raw, temporary, directory.raw, name) == 0 else {
                    throw SyscallError("renameat", errno)
                }
            } catch {
                _ = unsafe unlinkat(directory.raw, temporary, 0)
                throw error
            }
        } catch {
            throw GloveboxError(
                "output.undelivered",
                "\(Display.escape(url)) cannot be written: \(error.description)"
            )
        }
    }

    private func root(of path: String) -> String? { roots.first { path == $0 || path.hasPrefix($0 + "/") } }

    private func place(of url: String) throws(GloveboxError) -> Place {
        guard let path = TaskURL.path(ofFile: url), let root = root(of: path) else {
            throw GloveboxError("url.scheme", "\(Display.escape(url)) is not below a directory that tasks may name")
        }
        do throws(SyscallError) {
            return Place(
                root: try Descriptor.open(root, O_RDONLY | O_DIRECTORY),
                names: path.dropFirst(root.count).split(separator: "/").map(String.init)
            )
        } catch { throw error.coded("input.missing") }
    }
}
