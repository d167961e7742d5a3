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
    /// The events, where they were asked for.
    private(set) var events: [PublicEvent] = []

    /// Reads a bundle and its tile.
    ///
    /// Without a schema, leaves are not looked into; with `keepsEvents` those without a fault are kept.
    ///
    /// - Throws: what the source throws when it cannot be read; all else is a finding.
    static func read(
        _ path: TilePath,
        from source: any LogSource,
        schema: EventSchema?,
        keepsEvents: Bool = false
    ) async throws(GloveboxError) -> BundleCheck {
        let tilePath = TilePath(.hashes(level: 0), index: path.index, width: path.width)
        return try BundleCheck(
            start: path.index * 256,
            bundle: await result { () async throws(GloveboxError) in try await source.bundle(path) },
            tile: await result { () async throws(GloveboxError) in try await source.tile(tilePath) },
            schema: schema,
            keepsEvents: keepsEvents
        )
    }

    private init(
        start: UInt64,
        bundle: Result<(bytes: [UInt8], entries: [Range<Int>]), GloveboxError>,
        tile file: Result<[UInt8], GloveboxError>,
        schema: EventSchema?,
        keepsEvents: Bool
    ) throws(GloveboxError) {
        switch bundle {
        case .success(let (bytes, entries)):
            hashes = MerkleHash.leaves(bytes, entries)
            if let schema { readLeaves(bytes, entries, start: start, schema, keepsEvents: keepsEvents) }
        case .failure(let error): try keep(.bundles, error)
        }
        switch file {
        case .success(let hashes): tile = hashes
        case .failure(let error):
            try keep(.tiles, error)
            tile = hashes
        }
    }

    private static func result<Value>(
        _ body: () async throws(GloveboxError) -> Value
    ) async -> Result<Value, GloveboxError> {
        do throws(GloveboxError) { return .success(try await body()) } catch { return .failure(error) }
    }

    /// Whether bundle and tile can be read and say the same.
    var agrees: Bool { !hashes.isEmpty && hashes == tile }

    private mutating func readLeaves(
        _ bytes: [UInt8],
        _ entries: [Range<Int>],
        start: UInt64,
        _ schema: EventSchema,
        keepsEvents: Bool
    ) {
        if keepsEvents { events.reserveCapacity(entries.count) }
        var reader = LeafReader(bytes, schema: schema)
        for (offset, range) in entries.enumerated() {
            let index = start + UInt64(offset)
            var leaf = LeafReader.Leaf.other
            do throws(GloveboxError) {
                leaf = try reader.read(range, index: index)
                if keepsEvents, !leaf.isReport { events.append(try reader.event(at: index)) }
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
