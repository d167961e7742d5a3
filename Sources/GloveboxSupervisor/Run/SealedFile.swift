internal import GloveboxBroker
internal import GloveboxCore

/// A file of the site's own that waits, encrypted: the log names its contents, and it opens whole or not at all.
struct SealedFile {
    let path: String
    /// What it is, bound to its bytes.
    let label: String
    /// What it is made of, and becomes again when it is destroyed.
    let spares: SpareFiles

    /// Writes it, durably.
    ///
    /// - Throws: `storage.write`.
    func write(_ bytes: [UInt8], key: [UInt8]) throws(GloveboxError) {
        if let end = path.lastIndex(of: "/") { try StateFile.makeDirectory(String(path[..<end])) }
        try StateFile.write(SealedChunks.seal(bytes, key: key, label: label), to: path, from: spares)
    }

    /// Reads it; nil when it is gone, or is not in every byte what that digest names, where there is one.
    ///
    /// - Throws: `storage.read`; the file may be as it was.
    func read(
        named contents: Digest? = nil,
        key: @autoclosure () throws(GloveboxError) -> [UInt8]
    ) throws(GloveboxError) -> [UInt8]? {
        guard StateFile.exists(path) else { return nil }
        let (key, stored) = (try key(), try StateFile.read(path, limit: 1 << 30))
        let bytes: [UInt8]
        do throws(GloveboxError) { bytes = try SealedChunks.open(stored, key: key, label: label) } catch { return nil }
        return contents == nil || Machine.sha256(bytes) == contents ? bytes : nil
    }

    /// Destroys it, if there is any.
    ///
    /// - Throws: `storage.write`.
    func destroy() throws(GloveboxError) {
        // A write that a crash cut off has left its own name.
        for path in [path, path + ".new"] where StateFile.exists(path) { try StateFile.destroySealed(path, to: spares) }
    }
}
