package import GloveboxCore

/// A log as it was at one checkpoint, whatever is added to it meanwhile, with files of our own beside it.
package struct LogSnapshot: LogSource {
    private let base: any LogSource
    /// Files that stand in place of those of the log, or beside them.
    package var files: [String: [UInt8]] = [:]

    /// Takes the newest checkpoint of which all files are there; nil when it is still being written.
    ///
    /// - Throws: what ``LogTrust/open(note:now:)`` and reading the source throw.
    package init?(of base: any LogSource, trust: LogTrust, now: Instant) async throws(GloveboxError) {
        self.base = base
        let note = try await base.checkpoint()
        files["checkpoint"] = note
        let size = try trust.open(note: note, now: now).checkpoint.size
        for path in TilePath.added(from: size == 0 ? 0 : size - 1, to: size) where try await !has(path) { return nil }
    }

    /// Whether a file is there, or the full one that took its place.
    private func has(_ path: TilePath) async throws(GloveboxError) -> Bool {
        let full = TilePath(path.content, index: path.index)
        if try await base.read(path.path, limit: 0) != nil { return true }
        return try await base.read(full.path, limit: 0) != nil
    }

    package func read(_ path: String, limit: Int) async throws(GloveboxError) -> [UInt8]? {
        if let bytes = files[path] { return Array(bytes.prefix(limit + 1)) }
        return try await base.read(path, limit: limit)
    }

    /// Files beyond the checkpoint are no part of the snapshot.
    package func tilePaths() -> [String]? { nil }

    /// The exact bytes of a tile or bundle of the log.
    ///
    /// - Throws: `log.tile-missing`, `log.bundle-missing`, and what reading the source throws.
    package func bytes(of path: TilePath) async throws(GloveboxError) -> [UInt8] {
        guard case .entries = path.content else { return try await tile(path) }
        let (bytes, entries) = try await bundle(path)
        return Array(bytes[..<(entries.last?.upperBound ?? 0)])
    }
}
