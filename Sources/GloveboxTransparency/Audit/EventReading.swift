package import GloveboxCore

/// Reads the events of a log in their order, one bundle at a time, with the private bodies that are shown beside it.
package struct EventReading: Sendable {
    /// Name of the file with private bodies, below the log's prefix.
    package static let bodies = "bodies.jsonl"

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
            let (bytes, entries) = try await source.bundle(.covering(range.size, size: checkpoint.size))
            for place in entries {
                let leaf = Array(bytes[place])
                let index = range.size
                range.append(leaf)
                guard case .event(let value) = try LeafKind(leaf) else { continue }
                let event = try PublicEvent(value, at: index)
                try visit(event, bodies.body(of: event))
            }
        }
        try bodies.finish()
        guard range.root == checkpoint.root else {
            throw GloveboxError("log.root-mismatch", "the log has changed while it was read")
        }
        return bodies.count
    }
}
