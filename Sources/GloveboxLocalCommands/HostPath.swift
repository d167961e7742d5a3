internal import Glibc
package import GloveboxCore
internal import GloveboxLinux

/// Paths of the host given on the command line.
package enum HostPath {
    /// The absolute, link-free form of an existing path.
    package static func absolute(_ path: String) throws(GloveboxError) -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw SyscallError("realpath", errno, path).coded("input.io")
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// The absolute form of a path at which nothing need be; the directory it lies in must be there.
    package static func absolute(new path: String) throws(GloveboxError) -> String {
        let parts = path.split(separator: "/")
        guard let name = parts.last, name != ".", name != ".." else {
            throw GloveboxError("input.io", "\(Display.escape(path)) names no new directory")
        }
        let parent = (path.hasPrefix("/") ? "/" : "./") + parts.dropLast().joined(separator: "/")
        let directory = try absolute(parent)
        return (directory == "/" ? "" : directory) + "/" + name
    }

    /// Whether a directory stands there.
    package static func isDirectory(_ path: String) throws(GloveboxError) -> Bool {
        do { return try FileStatus.of(path).isDirectory } catch { throw error.coded("input.io") }
    }
}

/// The programs of this release, which stand side by side.
package enum Programs {
    /// Path of a program beside this one.
    ///
    /// - Throws: `input.io` when the kernel does not say where this one is.
    package static func sibling(_ name: String) throws(GloveboxError) -> String {
        let own: [UInt8]
        do { own = try Kernel.readLink("/proc/self/exe") } catch { throw error.coded("input.io") }
        return String(decoding: own.prefix(through: own.lastIndex(of: UInt8(ascii: "/")) ?? 0), as: UTF8.self) + name
    }

    /// Becomes a program beside this one, with these arguments, of which the last is nil.
    ///
    /// - Throws: `input.io` when it cannot be executed.
    package static func become(
        _ name: String,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) throws(GloveboxError) -> Never {
        let path = try sibling(name)
        unsafe execv(path, arguments)
        throw SyscallError("execv", errno, path).coded("input.io", hint: "\(name) must stand beside glovebox.")
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
