import Glibc
import GloveboxCore
import GloveboxLinux

/// The host directory that receives what a command left in `/out`.
struct OutputDirectory {
    private let directory: Descriptor

    private static let mostBytes = 1 << 30

    /// Makes the directory, or takes one that is empty.
    init(creating path: String) throws(GloveboxError) {
        do throws(SyscallError) {
            if unsafe mkdir(path, 0o755) != 0 && errno != EEXIST { throw SyscallError("mkdir", errno, path) }
            directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        } catch { throw error.coded("input.io") }
        guard try Self.names(of: directory).isEmpty else {
            throw GloveboxError("input.not-empty", "\(Display.escape(path)) is not empty")
        }
    }

    /// Copies regular files and directories; anything else the command left is named and not followed.
    func receive(_ output: Descriptor) throws(GloveboxError) { try copy(output, directory, depth: 0) }

    private func copy(_ from: Descriptor, _ to: Descriptor, depth: Int) throws(GloveboxError) {
        guard depth < 32 else { throw GloveboxError("output.depth", "the output is nested too deeply") }
        for name in try Self.names(of: from) {
            do {
                var status = stat()
                guard unsafe fstatat(from.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
                switch status.st_mode & S_IFMT {
                case S_IFDIR:
                    guard unsafe mkdirat(to.raw, name, 0o755) == 0 else { throw SyscallError("mkdirat", errno, name) }
                    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
                    try copy(.open(name, flags, in: from), .open(name, flags, in: to), depth: depth + 1)
                case S_IFREG:
                    let source = try Descriptor.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, in: from)
                    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                    let target = try Descriptor.open(name, flags, mode: 0o644, in: to)
                    var total = 0
                    while true {
                        let chunk = try source.read(upTo: 1 << 20)
                        total += chunk.count
                        guard total <= Self.mostBytes else { throw SyscallError("read", EFBIG, name) }
                        if chunk.isEmpty { break }
                        try target.write(chunk)
                    }
                default: JailReportText.write("glovebox: left out \(Display.escape(name)): not a regular file\n", to: 2)
                }
            } catch let error as SyscallError { throw error.coded("input.io") } catch let error as GloveboxError {
                throw error
            } catch {}
        }
    }

    private static func names(of directory: Descriptor) throws(GloveboxError) -> [String] {
        do throws(SyscallError) {
            let copy = try Descriptor.open(".", O_RDONLY | O_DIRECTORY, in: directory).duplicate()
            let raw = dup(copy.raw)
            guard raw >= 0, let listing = unsafe fdopendir(raw) else { throw SyscallError("fdopendir", errno) }
            defer { unsafe closedir(listing) }
            var names: [String] = []
            while let entry = unsafe readdir(listing) {
                let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                    unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != "." && name != ".." { names.append(name) }
            }
            return names.sorted()
        } catch { throw error.coded("input.io") }
    }
}
