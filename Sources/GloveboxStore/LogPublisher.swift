internal import GloveboxCore
internal import GloveboxTransparency

/// Writes the public files of a log: bundles, then tiles, then the checkpoint.
///
/// Source: transparency-log specification, section 5. A file that exists must be the one that would be written.
struct LogPublisher: Sendable {
    /// What is to be written to bring the public files to a size.
    struct Work: Sendable {
        let size: UInt64
        let note: [UInt8]
        let journal: Journal
        fileprivate let bundles: [(TilePath, [Journal.Place])]
        fileprivate let tiles: [(TilePath, [UInt8])]

        /// Collects the work between two sizes; nothing is read from disk yet.
        init(_ state: LogState, from old: UInt64) {
            self.init(state, TilePath.added(from: old, to: state.range.size))
        }

        /// Collects the work for given files.
        init(_ state: LogState, _ paths: [TilePath]) {
            var bundles: [(TilePath, [Journal.Place])] = []
            var tiles: [(TilePath, [UInt8])] = []
            for path in paths {
                let start = Int(path.index) * TilePath.full
                let range = start..<start + path.width
                switch path.content {
                case .entries: bundles.append((path, Array(state.places[range])))
                case .hashes(let level): tiles.append((path, Array(state.tree.hashes(level: 8 * level, range: range))))
                }
            }
            size = state.range.size
            note = state.signLock.note
            journal = state.journal
            self.bundles = bundles
            self.tiles = tiles
        }
    }

    private let directory: Directory

    init(_ directory: Directory) { self.directory = directory }

    /// Does the work, and publishes the checkpoint last.
    ///
    /// - Throws: `log.entry-mismatch`, `log.tile-hash`, `store.io`.
    func publish(_ work: Work) throws(GloveboxError) {
        try writeFiles(work)
        try replace(checkpoint: work.note)
    }

    /// Publishes a checkpoint whose files are there.
    ///
    /// - Throws: `store.io`.
    func replace(checkpoint note: [UInt8]) throws(GloveboxError) {
        try directory.replace(LogLayout.checkpoint, with: note)
    }

    /// Writes bundles and tiles alone.
    ///
    /// - Throws: `log.entry-mismatch`, `log.tile-hash`, `store.io`.
    func writeFiles(_ work: Work) throws(GloveboxError) {
        for (path, places) in work.bundles {
            var entries: [[UInt8]] = []
            for place in places { entries.append(try work.journal.read(place).entry) }
            try write(path, EntryBundle.encode(entries), mismatch: "log.entry-mismatch")
        }
        for (path, hashes) in work.tiles { try write(path, hashes, mismatch: "log.tile-hash") }
    }

    /// The published checkpoint; nil when there is none.
    ///
    /// - Throws: `store.io`.
    func checkpoint() throws(GloveboxError) -> [UInt8]? {
        let path = "\(directory.path)/\(LogLayout.checkpoint)"
        guard try Directory.exists(path) else { return nil }
        return try OwnedFile(path, .read).read(at: 0, count: SignedNote.maxBytes + 1)
    }

    /// Of the files a log of that size has: those that are missing, and those on the right edge, to be compared.
    ///
    /// - Throws: `log.tile-length` for a full tile of another length, `store.io`.
    func unsure(size: UInt64) throws(GloveboxError) -> [TilePath] {
        guard size > 0 else { return [] }
        let edge = Set(TilePath.added(from: size - 1, to: size))
        var paths: [TilePath] = []
        for path in TilePath.added(from: 0, to: size) {
            let file = "\(directory.path)/\(path.path)"
            guard !edge.contains(path), try Directory.exists(file) else {
                paths.append(path)
                continue
            }
            if case .hashes = path.content, try OwnedFile(file, .read).status().size != 32 * path.width {
                throw GloveboxError("log.tile-length", "\(Display.escape(file)) has another length than a tile")
            }
        }
        return paths
    }

    private func write(_ path: TilePath, _ bytes: [UInt8], mismatch code: String) throws(GloveboxError) {
        let file = "\(directory.path)/\(path.path)"
        if try Directory.exists(file) {
            guard try OwnedFile(file, .read).read(at: 0, count: bytes.count + 1) == bytes else {
                throw GloveboxError(code, "\(Display.escape(file)) exists and differs; keep it, it is evidence")
            }
            return
        }
        let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) ?? file.utf8.startIndex
        let folder = Directory(String(file[..<slash]))
        try folder.make(permissions: LogLayout.publicPermissions)
        try folder.replace(String(file[file.utf8.index(after: slash)...]), with: bytes)
    }
}
