package import GloveboxCore

/// Computes every digest of attestation section 5 while a tree passes by.
package struct TreeDigester: TreeSink, Sendable {
    private var archive: NARWriter<SHA256Stream>
    private var git: GitTreeDigester
    private var content = SHA256Stream()
    private let parallel: Bool
    private var current: (path: TreePath, executable: Bool, size: Int64)?
    private var files: [(path: [UInt8], file: CodeFile)] = []

    /// Starts with no tree; where that is allowed, digests of a large file are taken on threads of their own: one of the
    /// three where the other two take no longer than one, else each.
    package init(parallel: Bool = false) {
        let apart = parallel && !SHA256State.isInterleaved
        archive = NARWriter(SHA256Stream(parallel: apart))
        git = GitTreeDigester(parallel: apart)
        self.parallel = parallel
    }

    package mutating func beginDirectory(_ path: TreePath) throws(GloveboxError) {
        try archive.beginDirectory(path)
        git.beginDirectory()
    }

    package mutating func endDirectory(_ path: TreePath) throws(GloveboxError) {
        try archive.endDirectory(path)
        git.endDirectory(path.name)
    }

    package mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError) {
        try archive.beginFile(path, executable: executable, size: size)
        git.beginBlob(size: size)
        content = SHA256Stream(parallel: parallel)
        current = (path, executable, size)
    }

    package mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) {
        SHA256Stream.write(bytes, to: &archive.output, &git.blob, &content)
    }

    package mutating func endFile() throws(GloveboxError) {
        try archive.endFile()
        guard let (path, executable, size) = current else { return }
        git.endBlob(path.name, mode: executable ? "100755" : "100644")
        let bytes = path.bytes
        let text = String(decoding: bytes, as: UTF8.self)
        files.append((bytes, CodeFile(path: text, executable: executable, size: size, sha256: content.finish())))
    }

    package mutating func symlink(_ path: TreePath, target: [UInt8]) throws(GloveboxError) {
        try archive.symlink(path, target: target)
        git.beginBlob(size: Int64(target.count))
        git.chunk(target[...])
        git.endBlob(path.name, mode: "120000")
    }

    /// The digests of the tree that passed by.
    package mutating func finish() -> CodeMeasurement {
        let sorted = files.sorted { $0.path.lexicographicallyPrecedes($1.path) }
        var lines = SHA256Stream()
        for (path, file) in sorted { lines.write((Array((file.sha256.hex + "  ").utf8) + path + [10])[...]) }
        return CodeMeasurement(
            narSha256: archive.finish(),
            gitTreeSha256: git.root,
            dirHash: lines.finish(),
            files: sorted.map(\.file)
        )
    }
}
