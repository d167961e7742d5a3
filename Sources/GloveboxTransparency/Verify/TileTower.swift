internal import GloveboxCore

/// The tiles above the lowest: each hash is compared with the tile below that it stands for.
///
/// At most one tile a level is kept. A wrong tile is found where it stands: a hash is right when it is that of the file
/// below, or that of the entries below.
final class TileTower {
    /// The last tile of a level.
    private struct Level {
        /// The hashes that the files below lead to.
        var files: [UInt8] = []
        /// The hashes that the entries below lead to.
        var entries: [UInt8] = []
        /// How many tiles of the level are done.
        var done: UInt64 = 0
    }

    private let source: any LogSource
    /// From level 1 up.
    private var levels: [Level] = []
    /// The hashes of the partial tile at each level, as its file says; empty where there is none.
    private var edge: [[UInt8]] = []
    /// What is wrong.
    private(set) var findings: [GloveboxError] = []
    /// The lowest tiles that disagree with their entries, and that the tile above gives the lie.
    private(set) var refuted: Set<UInt64> = []

    init(_ source: any LogSource) { self.source = source }

    /// Adds the lowest tile, as its file says and as its entries do; a partial one must be the last.
    func add(file: [UInt8], entries: [UInt8]) async throws(GloveboxError) {
        guard file.count == 32 * TilePath.full else {
            edge = [file]
            return
        }
        var (file, entries) = (file, entries.count == file.count ? entries : file)
        var level = 0
        while true {
            if levels.count == level { levels.append(Level()) }
            let hash = MerkleHash.root(over: file)
            levels[level].files += hash.bytes
            levels[level].entries += entries == file ? hash.bytes : MerkleHash.root(over: entries).bytes
            guard levels[level].files.count == 32 * TilePath.full else { return }
            file = try await compare(level)
            entries = levels[level].entries
            levels[level] = Level(done: levels[level].done + 1)
            level += 1
        }
    }

    /// Compares the partial tiles on the right edge.
    func finish() async throws(GloveboxError) {
        if edge.isEmpty { edge = [[]] }
        for level in levels.indices {
            edge.append(levels[level].files.isEmpty ? [] : try await compare(level))
        }
    }

    /// The root that the hashes on the right edge lead to.
    var root: Digest {
        var hash: Digest?
        for tile in edge {
            // Within a tile the smaller subtrees stand to the right.
            var end = tile.count / 32
            while end > 0 {
                let count = 1 << end.trailingZeroBitCount
                let left = MerkleHash.root(over: Array(tile[32 * (end - count)..<32 * end]))
                hash = hash.map { MerkleHash.node(left, $0) } ?? left
                end -= count
            }
        }
        return hash ?? MerkleHash.emptyRoot
    }

    /// The hashes in the file of the last tile of a level, compared with those it must hold.
    private func compare(_ level: Int) async throws(GloveboxError) -> [UInt8] {
        let due = levels[level]
        let path = TilePath(.hashes(level: level + 1), index: due.done, width: due.files.count / 32)
        let file: [UInt8]
        do { file = try await source.tile(path) } catch {
            guard error.code.utf8.starts(with: "log.".utf8) else { throw error }
            findings.append(error)
            return due.files
        }
        guard file != due.files else { return file }
        for start in stride(from: 0, to: file.count, by: 32) {
            let hash = file[start..<start + 32]
            if hash == due.files[start..<start + 32] { continue }
            if hash == due.entries[start..<start + 32] {
                if level == 0 { refuted.insert(due.done * 256 + UInt64(start / 32)) }
                continue
            }
            let place = "\(path.path): hash \(start / 32)"
            findings.append(GloveboxError("log.tile-hash", "\(place) is not that of what lies below it"))
            break
        }
        return file
    }
}
