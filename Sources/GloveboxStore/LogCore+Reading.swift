internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// Reading back; whatever comes from the journal is compared with the tree.
extension LogCore {
    func entry(_ index: UInt64) throws(GloveboxError) -> LoggedEntry {
        let hash = try leafHash(index)
        return try entry(item(index), index, hash)
    }

    /// An entry's bytes as the journal has them.
    func item(_ index: UInt64) throws(GloveboxError) -> JournalRecord.Item {
        var found: JournalRecord.Item?
        try journal.read(index..<index + 1) { found = $0 }
        guard let found else { throw GloveboxError("log.index", "entry \(index) is not in the journal") }
        return found
    }

    /// Reads the entries from an index on, tile by tile.
    func replay(
        from start: UInt64,
        where isWanted: (LeafGlance) -> Bool,
        _ visit: (LoggedEntry) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let (stack, published) = state.withLock { ($0.stack, $0.published ?? 0) }
        var index = start
        while index < stack.range.size {
            let (range, hashes) = try tile(of: index, in: stack, published)
            let first = range.lowerBound
            try journal.read(index..<range.upperBound) { (item) throws(GloveboxError) in
                let hash = Self.hash(Int(index - first), in: hashes)
                if !item.sealedBody.isEmpty, seal.hasKey(index), let glance = LeafGlance(item.entry), !isWanted(glance)
                {
                    try compare(item, index, hash)
                } else {
                    try visit(entry(item, index, hash))
                }
                index += 1
            }
        }
    }

    /// Reads some entries, given in rising order.
    func read(
        _ indexes: [UInt64],
        _ visit: (LoggedEntry) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let (stack, published) = state.withLock { ($0.stack, $0.published ?? 0) }
        var rest = indexes[...]
        while let index = rest.first {
            guard index < stack.range.size else {
                throw GloveboxError("log.index", "entry \(index) is not in a log of \(stack.range.size) entries")
            }
            let (range, hashes) = try tile(of: index, in: stack, published)
            let here = rest.prefix { $0 < range.upperBound }
            rest = rest.dropFirst(here.count)
            var wanted = here
            let isWanted = { (index: UInt64) in index == wanted.first }
            try journal.read(index..<(here.last ?? index) + 1, where: isWanted) { (item) throws(GloveboxError) in
                guard let index = wanted.popFirst() else { return }
                try visit(entry(item, index, Self.hash(Int(index - range.lowerBound), in: hashes)))
            }
        }
    }

    /// The entries that share a tile with one, and their hashes.
    private func tile(
        of index: UInt64,
        in stack: TileStack,
        _ published: UInt64
    ) throws(GloveboxError) -> (range: Range<UInt64>, hashes: [UInt8]) {
        let tile = index / UInt64(TilePath.full)
        let first = tile * UInt64(TilePath.full)
        let end = min(stack.range.size, first + UInt64(TilePath.full))
        let path = TilePath(.hashes(level: 0), index: tile, width: Int(end - first))
        if let held = stack.hashes(path) { return (first..<end, held) }
        return (first..<end, try publisher.tile(path, size: published))
    }

    private static func hash(_ place: Int, in hashes: [UInt8]) -> Digest {
        guard let hash = Digest(bytes: Array(hashes[32 * place..<32 * place + 32])) else {
            preconditionFailure("32 bytes")
        }
        return hash
    }

    private func compare(_ item: JournalRecord.Item, _ index: UInt64, _ hash: Digest) throws(GloveboxError) {
        guard MerkleHash.leaf(item.entry) == hash else {
            throw GloveboxError("log.entry-mismatch", "entry \(index) has changed in the journal")
        }
    }

    private func entry(
        _ item: JournalRecord.Item,
        _ index: UInt64,
        _ hash: Digest
    ) throws(GloveboxError) -> LoggedEntry {
        try compare(item, index, hash)
        let kind = try LeafKind(item.entry)
        var isRecovered = false
        var body: EventBody?
        if !item.sealedBody.isEmpty {
            body = try seal.open(item.sealedBody, index: index)
        } else if case .event = kind {
            isRecovered = true
        }
        return LoggedEntry(index: index, leaf: item.entry, kind: kind, body: body, isRecovered: isRecovered)
    }
}
