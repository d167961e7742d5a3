package import GloveboxCore

extension CodeTree {
    /// Reads one file out of an archive.
    ///
    /// - Throws: `object.not-found` when the archive has no file of that path, and all that reading an archive throws.
    package static func file(_ path: String, archive source: some ByteSource) throws(GloveboxError) -> [UInt8] {
        var reader = NARReader(source, limits: .upload)
        guard let bytes = try reader.read(into: FileExtractor(path: Array(path.utf8))).found else {
            throw GloveboxError("object.not-found", "the code tree has no file \(Display.escape(path))")
        }
        return bytes
    }
}

/// Keeps the bytes of one file and lets all others pass.
struct FileExtractor: TreeSink {
    private let path: [UInt8]
    private var isWanted = false
    private(set) var found: [UInt8]?

    init(path: [UInt8]) { self.path = path }

    mutating func beginDirectory(_ path: TreePath) {}
    mutating func endDirectory(_ path: TreePath) {}
    mutating func symlink(_ path: TreePath, target: [UInt8]) {}

    mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) {
        isWanted = path.bytes == self.path
        if isWanted { found = [] }
    }

    mutating func chunk(_ bytes: ArraySlice<UInt8>) { if isWanted { found?.append(contentsOf: bytes) } }
    mutating func endFile() { isWanted = false }
}
