package import GloveboxCore

/// Reads the events of a log in their order, a few bundles at a time, with the private bodies that are shown beside it.
package struct EventReading: Sendable {
    /// Name of the file with private bodies, below the log's prefix.
    package static let bodies = "bodies.jsonl"

    /// How many bundles are read side by side.
    private static let parallel: UInt64 = 8

    /// An entry that was read; a report is no event.
    private struct Entry: Sendable {
        let leaf: TileStack.Leaf
        let event: PublicEvent?
    }

    /// A bundle by the index of its first entry.
    private struct Bundle: Sendable {
        let first: UInt64
        let entries: Result<[Entry], GloveboxError>
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
            for bundle in await bundles(from: range.size) {
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

    /// The next bundles, in their order.
    private func bundles(from start: UInt64) async -> [Result<[Entry], GloveboxError>] {
        let end = min(checkpoint.size, start + 256 * Self.parallel)
        return await withTaskGroup(of: Bundle.self) { group in
            for first in stride(from: start, to: end, by: 256) { group.addTask { await bundle(from: first) } }
            var done: [Bundle] = []
            for await bundle in group { done.append(bundle) }
            return done.sorted { $0.first < $1.first }.map(\.entries)
        }
    }

    private func bundle(from first: UInt64) async -> Bundle {
        // Not as one expression: optimized code of Swift 6.3 then gives a first index of 0.
        let read: Result<[Entry], GloveboxError>
        do throws(GloveboxError) { read = .success(try await entries(from: first)) } catch { read = .failure(error) }
        return Bundle(first: first, entries: read)
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
