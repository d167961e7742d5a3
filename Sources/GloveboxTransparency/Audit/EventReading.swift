package import GloveboxCore

/// Reads the events of a log in their order, a few bundles at a time, with the private bodies that are shown beside it.
package struct EventReading: Sendable {
    /// Name of the file with private bodies, below the log's prefix.
    package static let bodies = "bodies.jsonl"

    /// An entry that was read; a report is no event.
    private struct Entry: Sendable {
        let leaf: TileStack.Leaf
        let event: PublicEvent?
    }

    private let source: any LogSource
    private let checkpoint: Checkpoint

    /// Names a log by a checkpoint that was verified.
    package init(_ source: any LogSource, checkpoint: Checkpoint) {
        self.source = source
        self.checkpoint = checkpoint
    }

    /// Reads every event; how many private bodies were shown, each of which matched its leaf.
    ///
    /// What is read must again add up to the checkpoint, so nobody can change it between verification and reading.
    ///
    /// - Throws: `log.root-mismatch` in that case, `log.bundle-missing`, `log.bundle-format`, `log.schema`,
    ///   `audit.body-mismatch`, `audit.body-format`, and what reading the source and the closure throw.
    package func read(
        _ visit: (PublicEvent, BodyDisclosure?) throws(GloveboxError) -> Void
    ) async throws(GloveboxError) -> Int {
        var bodies = try BodyFile(try await source.read(Self.bodies, limit: BodyFile.maxBytes) ?? [])
        var range = CompactRange()
        while range.size < checkpoint.size {
            let numbers = BundlesAhead.numbers(from: range.size / 256, size: checkpoint.size)
            let bundles = await BundlesAhead.read(numbers) { (number) throws(GloveboxError) in
                try await entries(from: number * 256)
            }
            for bundle in bundles {
                for entry in try bundle.get() {
                    range.append(entry.leaf)
                    if let event = entry.event { try visit(event, bodies.body(of: event)) }
                }
            }
        }
        try bodies.finish()
        guard range.root == checkpoint.root else {
            throw GloveboxError("log.root-mismatch", "the log has changed while it was read")
        }
        return bodies.count
    }

    private func entries(from first: UInt64) async throws(GloveboxError) -> [Entry] {
        let (bytes, places) = try await source.bundle(.covering(first, size: checkpoint.size))
        var json = PlainJSON(bytes)
        var index = first
        var entries: [Entry] = []
        entries.reserveCapacity(places.count)
        for place in places {
            var event = try PublicEvent(&json, place, at: index)
            if event == nil, case .event(let value) = try LeafKind(Array(bytes[place])) {
                event = try PublicEvent(value, at: index)
            }
            entries.append(Entry(leaf: TileStack.Leaf(bytes[place]), event: event))
            index += 1
        }
        return entries
    }
}
