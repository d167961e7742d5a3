package import GloveboxCore

/// Computes every digest of attestation section 5 while a tree passes by.
package struct TreeDigester: TreeSink, Sendable {
    /// From this many bytes on a piece is worth a change of threads.
    static let laneBytes = DirectoryWalker.pieceBytes
    private var archive = NARWriter(SHA256Stream())
    private var git = GitTreeDigester()
    private var content = SHA256Stream()
    private let lanes: DigestLanes?
    private var isAside = false
    private var current: (path: TreePath, executable: Bool, size: Int64)?
    private var files: [(path: [UInt8], file: CodeFile)] = []

    /// Starts with no tree.
    package init() { lanes = nil }

    /// Starts with no tree, and shares the digests of a large file with those who look after the lanes.
    init(lanes: DigestLanes) { self.lanes = lanes }

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
        content = SHA256Stream()
        current = (path, executable, size)
    }

    package mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) {
        if let lanes, bytes.count >= Self.laneBytes {
            if !isAside { lanes.begin(archive.output, git.blob, content) }
            isAside = true
            lanes.write(bytes)
        } else {
            settle()
            SHA256Stream.write(bytes, to: &archive.output, &git.blob, &content)
        }
    }

    package mutating func endFile() throws(GloveboxError) {
        settle()
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
        var line: [UInt8] = []
        for (path, file) in sorted {
            line.removeAll(keepingCapacity: true)
            line += file.sha256.hex.utf8
            line += [32, 32]
            line += path
            line.append(10)
            lines.write(line[...])
        }
        return CodeMeasurement(
            narSha256: archive.finish(),
            gitTreeSha256: git.root,
            dirHash: lines.finish(),
            files: sorted.map(\.file)
        )
    }

    private mutating func settle() {
        guard let lanes, isAside else { return }
        let streams = lanes.settle()
        (archive.output, git.blob, content) = (streams[0], streams[1], streams[2])
        isAside = false
    }
}
