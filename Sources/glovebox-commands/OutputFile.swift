import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxLinux

/// Files and directories that commands write.
enum OutputFile {
    /// Writes a file whole.
    static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws(GloveboxError) {
        do { try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode).write(bytes) } catch {
            throw error.coded("input.io")
        }
    }

    /// Puts a file in the place of another; whoever looks sees the old one or the new one.
    static func replace(_ path: String, with bytes: [UInt8]) throws(GloveboxError) {
        try write(bytes, to: path + ".partial", mode: 0o600)
        guard unsafe rename(path + ".partial", path) == 0 else {
            throw SyscallError("rename", errno, path).coded("input.io")
        }
    }

    /// Writes files below a directory, which is made.
    static func writeAll(_ files: [NamedFile], to directory: String) throws(GloveboxError) {
        try makeDirectory(directory)
        for file in files {
            if let slash = file.path.lastIndex(of: "/") {
                try makeDirectory(directory + "/" + file.path[..<slash])
            }
            try write(file.content, to: directory + "/" + file.path)
        }
    }

    /// Makes a directory and those above it.
    static func makeDirectory(_ path: String) throws(GloveboxError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            if unsafe mkdir(made, 0o755) != 0 && errno != EEXIST {
                throw SyscallError("mkdir", errno, made).coded("input.io")
            }
        }
    }
}
