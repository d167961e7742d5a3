import Glibc
import GloveboxCore
import GloveboxLinux

/// Paths of the host given on the command line.
enum HostPath {
    /// The absolute, link-free form of an existing path.
    static func absolute(_ path: String) throws(GloveboxError) -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw SyscallError("realpath", errno, path).coded("input.io")
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// The absolute form of a path at which nothing need be; the directory it lies in must be there.
    static func absolute(new path: String) throws(GloveboxError) -> String {
        let parts = path.split(separator: "/")
        guard let name = parts.last, name != ".", name != ".." else {
            throw GloveboxError("input.io", "\(Display.escape(path)) names no new directory")
        }
        let parent = (path.hasPrefix("/") ? "/" : "./") + parts.dropLast().joined(separator: "/")
        let directory = try absolute(parent)
        return (directory == "/" ? "" : directory) + "/" + name
    }

    /// Whether a directory stands there.
    static func isDirectory(_ path: String) throws(GloveboxError) -> Bool {
        do { return try FileStatus.of(path).isDirectory } catch { throw error.coded("input.io") }
    }
}

/// The programs of this release, which stand side by side.
enum Programs {
    /// Path of a program beside this one.
    static func sibling(_ name: String) throws(GloveboxError) -> String {
        let own = try HostPath.absolute("/proc/self/exe")
        guard let slash = own.lastIndex(of: "/") else { return name }
        return own[...slash] + name
    }
}

/// What kind of image a file is.
enum ImageFormat {
    /// Tells by the magic number.
    static func detect(_ path: String) throws(GloveboxError) -> DetachedMount.Format {
        do {
            let head = try Descriptor.open(path, O_RDONLY).read(upTo: 2048)
            if head.starts(with: Array("hsqs".utf8)) { return .squashfs }
            if head.count >= 1028, Array(head[1024..<1028]) == [0xe2, 0xe1, 0xf5, 0xe0] { return .erofs }
        } catch { throw error.coded("jail.root") }
        throw GloveboxError("jail.root", "\(Display.escape(path)) is neither an EROFS nor a squashfs image")
    }
}
