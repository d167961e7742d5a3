package import GloveboxCore

/// Writes a tree as a Nix archive (attestation section 5).
package struct NARWriter<Output: ByteOutput>: TreeSink {
    /// Where the archive goes; the bytes of a file that has begun may be written here.
    package internal(set) var output: Output
    private var size: Int64 = 0

    /// Writes to an output.
    package init(_ output: Output) { self.output = output }

    package mutating func beginDirectory(_ path: TreePath) throws(GloveboxError) {
        if path == .root { try output.write(NAR.magic[...]) } else { try beginEntry(path) }
        try output.write(NAR.directory[...])
    }

    package mutating func endDirectory(_ path: TreePath) throws(GloveboxError) {
        try output.write(path == .root ? NAR.close[...] : NAR.closeBoth[...])
    }

    package mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError) {
        try beginEntry(path)
        try output.write((executable ? NAR.program : NAR.regular)[...])
        try output.write(NAR.length(size)[...])
        self.size = size
    }

    package mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) { try output.write(bytes) }

    package mutating func endFile() throws(GloveboxError) {
        try output.write((NAR.padding(size) + NAR.closeBoth)[...])
    }

    package mutating func symlink(_ path: TreePath, target: [UInt8]) throws(GloveboxError) {
        try beginEntry(path)
        try output.write((NAR.link + NAR.string(target) + NAR.closeBoth)[...])
    }

    private mutating func beginEntry(_ path: TreePath) throws(GloveboxError) {
        try output.write((NAR.entry + NAR.string(path.name) + NAR.node)[...])
    }
}

extension NARWriter: Sendable where Output: Sendable {}

extension NARWriter<SHA256Stream> {
    /// The digest of the archive.
    mutating func finish() -> GloveboxCore.Digest { output.finish() }
}

/// The string form of a Nix archive: length, bytes, zeros up to a multiple of eight.
enum NAR {
    // The words between names and contents, each run of them put together once.
    static let magic = words("nix-archive-1")
    static let directory = words("(", "type", "directory")
    static let regular = words("(", "type", "regular", "contents")
    static let program = words("(", "type", "regular", "executable", "", "contents")
    static let link = words("(", "type", "symlink", "target")
    static let entry = words("entry", "(", "name")
    static let node = words("node")
    static let close = words(")")
    static let closeBoth = words(")", ")")

    private static func words(_ words: String...) -> [UInt8] { words.flatMap { string(Array($0.utf8)) } }

    /// A length as eight little-endian bytes.
    static func length(_ count: Int64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } }

    /// The zeros after so many bytes.
    static func padding(_ count: Int64) -> [UInt8] { [UInt8](repeating: 0, count: Int((8 - count % 8) % 8)) }

    /// A whole string.
    static func string(_ bytes: [UInt8]) -> [UInt8] {
        let count = Int64(bytes.count)
        return length(count) + bytes + padding(count)
    }
}
