package import GloveboxCore

/// Receives a tree in NAR order: a directory, then its entries sorted by name bytes, each whole before the next.
///
/// The root arrives as a directory with an empty path. One producer walks directories, one reads archives; sinks digest,
/// write archives or unpack.
package protocol TreeSink {
    /// A directory starts.
    mutating func beginDirectory(_ path: TreePath) throws(GloveboxError)
    /// The directory that started last and has not ended ends.
    mutating func endDirectory(_ path: TreePath) throws(GloveboxError)
    /// A file of exactly `size` bytes starts.
    mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError)
    /// The next bytes of the file.
    mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError)
    /// The file is complete.
    mutating func endFile() throws(GloveboxError)
    /// A symbolic link.
    mutating func symlink(_ path: TreePath, target: [UInt8]) throws(GloveboxError)
}

/// Hands everything to two sinks, so that a tree is digested while it is copied.
package struct PairSink<First: TreeSink, Second: TreeSink>: TreeSink {
    /// The sink that is served first.
    package var first: First
    /// The sink that is served second.
    package var second: Second

    /// Joins two sinks.
    package init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    package mutating func beginDirectory(_ path: TreePath) throws(GloveboxError) {
        try first.beginDirectory(path)
        try second.beginDirectory(path)
    }

    package mutating func endDirectory(_ path: TreePath) throws(GloveboxError) {
        try first.endDirectory(path)
        try second.endDirectory(path)
    }

    package mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError) {
        try first.beginFile(path, executable: executable, size: size)
        try second.beginFile(path, executable: executable, size: size)
    }

    package mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) {
        try first.chunk(bytes)
        try second.chunk(bytes)
    }

    package mutating func endFile() throws(GloveboxError) {
        try first.endFile()
        try second.endFile()
    }

    package mutating func symlink(_ path: TreePath, target: [UInt8]) throws(GloveboxError) {
        try first.symlink(path, target: target)
        try second.symlink(path, target: target)
    }
}
