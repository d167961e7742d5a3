internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxTransparency

/// A log's files in a directory.
///
/// No link is followed below it, and nothing but regular files is read.
struct LogDirectory: LogSource {
    /// A tile's path has at most `tile`, a level, seven groups of digits and a width.
    private static let maxDepth = 10
    private static let maxNames = 1 << 20

    private let root: Descriptor

    /// Opens a log's directory, or the one in a state directory.
    ///
    /// - Throws: `input.io`.
    init(_ path: String) throws(GloveboxError) {
        do throws(SyscallError) {
            let given = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
            do { root = try given.open(beneath: Array("log".utf8), O_RDONLY | O_DIRECTORY) } catch {
                guard error.errno == ENOENT || error.errno == ENOTDIR else { throw error }
                root = given
            }
        } catch { throw error.coded("input.io", hint: "Give a directory with a log's checkpoint in it, or a URL.") }
    }

    func read(_ path: String, limit: Int) throws(GloveboxError) -> [UInt8]? {
        do {
            let file = try root.open(beneath: Array(path.utf8), O_RDONLY)
            guard try file.status().isRegular else { throw Self.notRegular(path) }
            var bytes = try file.read(upTo: min(limit, Int(clamping: try file.status().size)) + 1)
            while bytes.count <= limit {
                let more = try file.read(upTo: min(65536, limit + 1 - bytes.count))
                if more.isEmpty { break }
                bytes += more
            }
            return bytes
        } catch let error as SyscallError {
            switch error.errno {
            case ENOENT, ENOTDIR: return nil
            case ELOOP: throw Self.notRegular(path)
            default: throw error.coded("input.io")
            }
        } catch let error as GloveboxError {
            throw error
        } catch { throw GloveboxError("input.io", "\(error)") }
    }

    func tilePaths() throws(GloveboxError) -> [String]? {
        var paths: [String] = []
        do throws(SyscallError) {
            let tiles: Descriptor
            do { tiles = try root.open(beneath: Array("tile".utf8), O_RDONLY | O_DIRECTORY) } catch {
                if error.errno == ENOENT { return [] }
                throw error
            }
            try Self.list(tiles, "tile", depth: 1, &paths)
        } catch { throw error.errno == ELOOP ? Self.notRegular("tile") : error.coded("input.io") }
        return paths
    }

    /// Adds the files below a directory; hidden ones are left-overs of writing and copying, and no part of the log.
    private static func list(
        _ directory: Descriptor,
        _ path: String,
        depth: Int,
        _ paths: inout [String]
    ) throws(SyscallError) {
        for name in try directory.names(limit: maxNames) where name.first != UInt8(ascii: ".") {
            let file = "\(path)/\(String(decoding: name, as: UTF8.self))"
            if try FileStatus.of(name, in: directory).isDirectory, depth < maxDepth {
                try list(directory.open(beneath: name, O_RDONLY | O_DIRECTORY), file, depth: depth + 1, &paths)
            } else {
                guard paths.count < maxNames else { throw SyscallError("readdir", E2BIG, path) }
                paths.append(file)
            }
        }
    }

    private static func notRegular(_ path: String) -> GloveboxError {
        GloveboxError("log.path", "\(Display.escape(path)) is no regular file reached without a link")
    }
}
