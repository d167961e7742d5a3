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
            let tile = index / UInt64(TilePath.full)
            let first = tile * UInt64(TilePath.full)
            let end = min(stack.range.size, first + UInt64(TilePath.full))
            let path = TilePath(.hashes(level: 0), index: tile, width: Int(end - first))
            let hashes: [UInt8]
            if let held = stack.hashes(path) {
                hashes = held
            } else {
                hashes = try publisher.tile(path, size: published)
            }
            try journal.read(index..<end) { (item) throws(GloveboxError) in
                let at = 32 * Int(index - first)
                guard let hash = Digest(bytes: Array(hashes[at..<at + 32])) else { preconditionFailure("32 bytes") }
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
        var body: EventBody?
        if !item.sealedBody.isEmpty { body = try seal.open(item.sealedBody, index: index) }
        return LoggedEntry(index: index, leaf: item.entry, kind: kind, body: body)
    }
}
