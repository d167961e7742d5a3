package import GloveboxCore

/// Writes a tree as a Nix archive (attestation section 5).
package struct NARWriter<Output: ByteOutput>: TreeSink {
    /// Where the archive goes.
    package private(set) var output: Output
    private var size: Int64 = 0

    /// Writes to an output.
    package init(_ output: Output) { self.output = output }

    package mutating func beginDirectory(_ path: TreePath) throws(GloveboxError) {
        if path == .root { try write("nix-archive-1") } else { try beginEntry(path) }
        try write("(", "type", "directory")
    }

    package mutating func endDirectory(_ path: TreePath) throws(GloveboxError) {
        try write(")")
        if path != .root { try write(")") }
    }

    package mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError) {
        try beginEntry(path)
        try write("(", "type", "regular")
        if executable { try write("executable", "") }
        try write("contents")
        try output.write(NAR.length(size)[...])
        self.size = size
    }

    package mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) { try output.write(bytes) }

    package mutating func endFile() throws(GloveboxError) {
        try output.write(NAR.padding(size)[...])
        try write(")", ")")
    }

    package mutating func symlink(_ path: TreePath, target: [UInt8]) throws(GloveboxError) {
        try beginEntry(path)
        try write("(", "type", "symlink", "target")
        try output.write(NAR.string(target)[...])
        try write(")", ")")
    }

    private mutating func beginEntry(_ path: TreePath) throws(GloveboxError) {
        try write("entry", "(", "name")
        try output.write(NAR.string(path.name)[...])
        try write("node")
    }

    private mutating func write(_ words: StaticString...) throws(GloveboxError) {
        var bytes: [UInt8] = []
        for word in words { bytes += NAR.string(Array(word.description.utf8)) }
        try output.write(bytes[...])
    }
}

/// The string form of a Nix archive: length, bytes, zeros up to a multiple of eight.
enum NAR {
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
