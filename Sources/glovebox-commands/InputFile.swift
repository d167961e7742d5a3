import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxMeasure

/// Files named on the command line.
enum InputFile {
    /// The bytes of a file of at most 16 MiB.
    static func bytes(_ path: String, limit: Int = 16 << 20) throws(GloveboxError) -> [UInt8] {
        do { return try Descriptor.open(path, O_RDONLY).readAll(limit: limit) } catch { throw error.coded("input.io") }
    }

    /// SHA-256 of a file of any size.
    static func digest(_ path: String) throws(GloveboxError) -> Digest {
        let file: Descriptor
        do { file = try Descriptor.open(path, O_RDONLY) } catch { throw error.coded("input.io") }
        defer { withExtendedLifetime(file) {} }
        var stream = DescriptorStream(borrowing: file.raw)
        var digest = SHA256Stream()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try stream.read(into: &buffer)
            if count == 0 { return digest.finish() }
            digest.write(buffer[..<count])
        }
    }

    /// The text of a small file without the white space at its end.
    static func text(_ path: String) throws(GloveboxError) -> String {
        guard var text = String(validating: try bytes(path, limit: 1 << 20), as: UTF8.self) else {
            throw GloveboxError("input.encoding", "\(Display.escape(path)) is not UTF-8 text")
        }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
