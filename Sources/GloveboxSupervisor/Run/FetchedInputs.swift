internal import Crypto
internal import Glibc
internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxLinux

/// The objects that a task reads, brought whole before its first command starts.
///
/// The plan names them and cannot measure them; what came is in the log and in the record of what was released.
struct FetchedInputs {
    /// One object.
    struct File {
        /// Its place in the jail.
        let path: String
        let url: String
        /// Its bytes, in a file of the site's own that has no name.
        let content: Descriptor
        let bytes: Int64
        let digest: GloveboxCore.Digest
    }

    let files: [File]

    /// Brings the objects of a task, all together of at most so many bytes.
    ///
    /// - Throws: what ``TaskObjects`` throws.
    init(_ task: TaskDocument?, site: Site, limit: Int64) throws(GloveboxError) {
        guard let task else {
            files = []
            return
        }
        try site.objects.check(task, isFree: true)
        var files: [File] = []
        var left = limit
        for input in task.fetched {
            let file = try File(input, site: site, limit: left)
            left -= file.bytes
            files.append(file)
        }
        self.files = files
    }

    /// What came, for log and disclosure record.
    var json: JSONValue {
        .array(
            files.map {
                [
                    "path": .string($0.path), "url": .string($0.url), "bytes": .integer($0.bytes),
                    "sha256": $0.digest.json,
                ]
            }
        )
    }

    /// The object that stands at a path.
    func file(at path: String) -> File? { files.first { $0.path.utf8.elementsEqual(path.utf8) } }

    fileprivate static func unnamed(in directory: String) throws(GloveboxError) -> Descriptor {
        let path = directory + "/" + Machine.identifier("obj")
        do throws(SyscallError) {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
            guard unsafe unlink(path) == 0 else { throw SyscallError("unlink", errno, path) }
            return file
        } catch { throw error.coded("storage.write") }
    }

    fileprivate static func digest(of file: Descriptor) throws(GloveboxError) -> GloveboxCore.Digest {
        var hash = SHA256()
        guard lseek(file.raw, 0, SEEK_SET) == 0 else { throw SyscallError("lseek", errno).coded("storage.read") }
        do throws(SyscallError) {
            while case let bytes = try file.read(upTo: 1 << 16), !bytes.isEmpty { hash.update(data: bytes) }
        } catch { throw error.coded("storage.read") }
        return GloveboxCore.Digest(bytes: Array(hash.finalize())) ?? .zero
    }
}

extension FetchedInputs.File {
    /// Brings one object of so many bytes at most.
    ///
    /// - Throws: what ``TaskObjects`` throws.
    init(_ input: TaskDocument.Input, site: Site, limit: Int64) throws(GloveboxError) {
        guard let address = ObjectAddress(url: input.url) else {
            throw GloveboxError("url.scheme", "\(Display.escape(input.url)) is no address of an object")
        }
        content = try FetchedInputs.unnamed(in: site.layout.incoming)
        bytes = try site.objects.fetch(address, limit: limit, into: content)
        digest = try FetchedInputs.digest(of: content)
        (path, url) = (input.path, input.url)
    }

    /// Puts it at a path below a directory of the task, as the identity that the caller has taken on.
    ///
    /// - Throws: `path.invalid` when something stands there, `jail.staging`.
    func place(at rest: String, in directory: Descriptor) throws(GloveboxError) {
        guard lseek(content.raw, 0, SEEK_SET) == 0 else { throw SyscallError("lseek", errno).coded("jail.staging") }
        do throws(SyscallError) {
            var current = directory
            let parts = rest.split(separator: "/")
            for part in parts.dropLast() {
                if unsafe mkdirat(current.raw, String(part), 0o755) != 0, errno != EEXIST {
                    throw SyscallError("mkdirat", errno)
                }
                current = try current.open(beneath: Array(part.utf8), O_RDONLY | O_DIRECTORY)
            }
            let name = Array((parts.last ?? "").utf8)
            let target = try current.open(beneath: name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            while case let bytes = try content.read(upTo: 1 << 16), !bytes.isEmpty { try target.write(bytes) }
        } catch {
            guard error.errno != EEXIST, error.errno != EISDIR, error.errno != ENOTDIR else {
                throw GloveboxError("path.invalid", "two inputs stand in each other's place at \(Display.escape(path))")
            }
            throw error.coded("jail.staging")
        }
    }
}
