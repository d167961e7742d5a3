internal import GloveboxCore
internal import GloveboxTransparency

/// Writes the public files of a log: bundles, then tiles, then the checkpoint.
///
/// Source: transparency-log specification, section 5. A file that exists must be the one that would be written.
struct LogPublisher: Sendable {
    private let directory: Directory

    init(_ directory: Directory) { self.directory = directory }

    /// Brings the files from one size to that of a signed checkpoint, which comes last.
    ///
    /// - Throws: `log.entry-mismatch`, `log.tile-hash`, `store.full`, `store.io`.
    func publish(
        from old: UInt64,
        to signed: SignedSize,
        _ stack: TileStack,
        _ journal: Journal
    ) throws(GloveboxError) {
        let added = TilePath.added(from: old, to: signed.size)
        try write(added, stack, journal)
        try replace(checkpoint: signed.note)
        try removePartials(of: added)
    }

    /// Publishes a checkpoint whose files are there.
    ///
    /// - Throws: `store.full`, `store.io`.
    func replace(checkpoint note: [UInt8]) throws(GloveboxError) {
        try directory.replace(LogLayout.checkpoint, with: note)
    }

    /// Writes what is missing of a published size, and compares what stands on its right edge.
    ///
    /// - Throws: `log.entry-mismatch`, `log.tile-hash`, `log.tile-length`, `store.full`, `store.io`.
    func repair(size: UInt64, to next: UInt64, _ stack: TileStack, _ journal: Journal) throws(GloveboxError) {
        var folders = Set(TilePath.added(from: size, to: next).map { folder($0).path })
        if size > 0 { folders.formUnion(TilePath.added(from: size - 1, to: size).map { folder($0).path }) }
        folders.insert(directory.path)
        for folder in folders where try Directory.exists(folder) { try Directory(folder).removeTemporaries() }
        try write(unsure(size: size), stack, journal)
        try removePartials(of: TilePath.added(from: 0, to: size))
    }

    /// The published checkpoint; nil when there is none.
    ///
    /// - Throws: `store.io`.
    func checkpoint() throws(GloveboxError) -> [UInt8]? {
        let path = "\(directory.path)/\(LogLayout.checkpoint)"
        guard try Directory.exists(path) else { return nil }
        return try OwnedFile(path, .read).read(at: 0, count: SignedNote.maxBytes + 1)
    }

    /// The hashes of a tile as stored for a log of that size, cut to the path's width.
    ///
    /// - Throws: `log.missing-tiles`, `store.io`.
    func tile(_ path: TilePath, size: UInt64) throws(GloveboxError) -> [UInt8] {
        guard case .hashes(let level) = path.content else { preconditionFailure("entries are read from the journal") }
        let count = size >> UInt64(8 * level)
        var widths = [TilePath.full]
        if path.index == count / 256, count % 256 > 0 { widths.append(Int(count % 256)) }
        for width in widths where width >= path.width {
            let file = file(TilePath(path.content, index: path.index, width: width))
            guard try Directory.exists(file) else { continue }
            let bytes = try OwnedFile(file, .read).read(at: 0, count: 32 * path.width)
            if bytes.count == 32 * path.width { return bytes }
        }
        throw GloveboxError(
            "log.missing-tiles",
            "\(Display.escape(directory.path))/\(path.path) is missing or too short",
            hint: "start again: missing tiles are made from the journal"
        )
    }

    /// Of the files a log of that size has: those that are missing, and those on the right edge, to be compared.
    private func unsure(size: UInt64) throws(GloveboxError) -> [TilePath] {
        guard size > 0 else { return [] }
        let edge = Set(TilePath.added(from: size - 1, to: size))
        var paths: [TilePath] = []
        for path in TilePath.added(from: 0, to: size) {
            let file = file(path)
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

    private func write(_ paths: [TilePath], _ stack: TileStack, _ journal: Journal) throws(GloveboxError) {
        for path in paths {
            let first = path.index * 256
            let range = first..<first + UInt64(path.width)
            switch path.content {
            case .entries:
                var bundle: [UInt8] = []
                try journal.readEntries(range) { EntryBundle.add($0, to: &bundle) }
                try write(path, bundle, mismatch: "log.entry-mismatch")
            case .hashes(let level):
                let hashes: [UInt8]
                if let held = stack.hashes(path) { hashes = held } else { hashes = try anew(level, range, journal) }
                try write(path, hashes, mismatch: "log.tile-hash")
            }
        }
        // All names of a folder at once: no checkpoint tells of the files before.
        for folder in Set(paths.map { folder($0).path }) { try Directory(folder).syncNames() }
    }

    /// The hashes of a tile that has gone, from the entries or from the tiles below.
    private func anew(_ level: Int, _ range: Range<UInt64>, _ journal: Journal) throws(GloveboxError) -> [UInt8] {
        var hashes: [UInt8] = []
        if level == 0 {
            try journal.readEntries(range) { TileStack.Leaf($0).hash.write(to: &hashes) }
        } else {
            for index in range {
                let below = TilePath(.hashes(level: level - 1), index: index)
                hashes += MerkleHash.root(over: try tile(below, size: 0)).bytes
            }
        }
        return hashes
    }

    private func write(_ path: TilePath, _ bytes: [UInt8], mismatch code: String) throws(GloveboxError) {
        let file = file(path)
        if try Directory.exists(file) {
            guard try OwnedFile(file, .read).read(at: 0, count: bytes.count + 1) == bytes else {
                throw GloveboxError(code, "\(Display.escape(file)) exists and differs; keep it, it is evidence")
            }
            return
        }
        let folder = folder(path)
        try folder.make(permissions: LogLayout.publicPermissions)
        try folder.place(String(file.dropFirst(folder.path.count + 1)), with: bytes)
    }

    func file(_ path: TilePath) -> String { "\(directory.path)/\(path.path)" }

    private func folder(_ path: TilePath) -> Directory {
        let file = file(path)
        return Directory(String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]))
    }
}
