internal import GloveboxCore

/// What one entry bundle and the tile over it say, read apart from all others.
struct BundleCheck: Sendable {
    /// The hashes of the entries, end to end; empty when the bundle cannot be read.
    private(set) var hashes: [UInt8] = []
    /// The hashes in the tile; those of the entries where the tile cannot be read.
    private(set) var tile: [UInt8] = []
    /// What is wrong.
    private(set) var findings: [(check: LogVerdict.Check, error: GloveboxError)] = []
    /// The first leaf and the last, for pairs that lie across two bundles.
    private(set) var first = LeafReader.Leaf.other
    private(set) var last = LeafReader.Leaf.other

    /// Reads a bundle and its tile.
    ///
    /// - Parameter schema: what events look like; nil when leaves are not looked into.
    /// - Throws: what the source throws when it cannot be read; all else is a finding.
    init(_ path: TilePath, from source: any LogSource, schema: EventSchema?) async throws(GloveboxError) {
        do {
            let (bytes, entries) = try await source.bundle(path)
            hashes = MerkleHash.leaves(bytes, entries)
            if let schema { readLeaves(bytes, entries, start: path.index * 256, schema) }
        } catch {
            try keep(.bundles, error)
        }
        do {
            tile = try await source.tile(TilePath(.hashes(level: 0), index: path.index, width: path.width))
        } catch {
            try keep(.tiles, error)
            tile = hashes
        }
    }

    /// Whether bundle and tile can be read and say the same.
    var agrees: Bool { !hashes.isEmpty && hashes == tile }

    private mutating func readLeaves(
        _ bytes: [UInt8],
        _ entries: [Range<Int>],
        start: UInt64,
        _ schema: EventSchema
    ) {
        var reader = LeafReader(bytes, schema: schema)
        for (offset, range) in entries.enumerated() {
            let index = start + UInt64(offset)
            var leaf = LeafReader.Leaf.other
            do throws(GloveboxError) {
                leaf = try reader.read(range, index: index)
                if offset > 0 { try LeafReader.pair(leaf, after: last, index: index) }
            } catch {
                findings.append((.leaves, error.at("entry \(index)")))
            }
            if offset == 0 { first = leaf }
            last = leaf
        }
    }

    /// Keeps what the log did wrong, and lets through what kept us from reading.
    private mutating func keep(_ check: LogVerdict.Check, _ error: GloveboxError) throws(GloveboxError) {
        guard error.code.utf8.starts(with: "log.".utf8) else { throw error }
        findings.append((check, error))
    }
}

extension GloveboxError {
    /// The same error, with the place where it was found.
    func at(_ place: String) -> GloveboxError { GloveboxError(code, "\(place): \(message)", hint: hint) }
}
