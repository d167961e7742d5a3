package import GloveboxCore

extension LogWriter {
    /// Destroys the key of an entry's private body; the leaf and every proof stay as they are.
    ///
    /// - Parameters:
    ///   - index: the entry.
    ///   - keep: makes the keys that are left durable in place of those before; when it throws, nothing is destroyed.
    /// - Throws: `log.index`, what `keep` throws.
    package func destroyBody(
        _ index: UInt64,
        keep: (_ keys: [UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        guard index < size else {
            throw GloveboxError("log.index", "entry \(index) is not in a log of \(size) entries")
        }
        try core.seal.destroy(index, keep: keep)
    }
}
