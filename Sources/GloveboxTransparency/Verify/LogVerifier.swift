package import GloveboxCore

/// Checks a whole log, one bundle at a time: memory does not grow with the log, but for the files' names.
///
/// Source: transparency-log specification, section 12.
package struct LogVerifier: Sendable {
    private let source: any LogSource
    private let trust: LogTrust
    private let now: Instant
    /// Whether entries are read as events and reports; without it only the tree is checked.
    package var readsLeaves = true
    /// The signed checkpoint a reader kept, of which this log must be a continuation.
    package var since: [UInt8]?

    /// Prepares to check a log.
    package init(_ source: any LogSource, trust: LogTrust, now: Instant) {
        self.source = source
        self.trust = trust
        self.now = now
    }

    /// Checks the log.
    ///
    /// - Throws: what kept it from being read, such as `input.io`; all else is in the verdict.
    package func verify() async throws(GloveboxError) -> LogVerdict { try await verify(keepsEvents: false) { _ in } }

    /// Checks the log and reads its events in the same pass, when ``readsLeaves``.
    ///
    /// - Parameter visit: told of each event in order; what it is told may be believed once the verdict is that the log
    ///   verified, and not before.
    /// - Returns: the verdict.
    /// - Throws: as ``verify()``.
    package func verify(_ visit: (PublicEvent) -> Void) async throws(GloveboxError) -> LogVerdict {
        try await verify(keepsEvents: true, visit)
    }

    private func verify(
        keepsEvents: Bool,
        _ visit: (PublicEvent) -> Void
    ) async throws(GloveboxError) -> LogVerdict {
        var verdict = LogVerdict()
        let note = try await source.checkpoint()
        do { verdict.opened = try trust.open(note: note, now: now) } catch {
            verdict.add(.checkpoint, error)
            verdict.skip(LogVerdict.Check.allCases.dropFirst(), "the checkpoint is not believed")
            return verdict
        }
        guard let opened = verdict.opened else { return verdict }
        var kept: Checkpoint?
        if let since { kept = try trust.open(kept: since, of: opened.key) }
        verdict.kept = kept
        try await walk(opened.checkpoint, keepsEvents: keepsEvents, visit).report(opened.checkpoint, to: &verdict)
        if !readsLeaves { verdict.skip([.leaves], "only the tree was asked for") }
        if let since, let kept {
            let proof = try await proof(since: kept, opened.checkpoint, verdict)
            verdict.evidence = try proof.flatMap { hashes throws(GloveboxError) in
                try LogEvidence.compare(
                    old: (since, kept),
                    new: (note, opened.checkpoint),
                    key: opened.key,
                    proof: hashes
                )
            }
            if let evidence = verdict.evidence { verdict.add(.history, evidence.error) }
            if proof == nil {
                verdict.skip([.history], "the files do not lead to the checkpoint, so they prove nothing")
            }
        } else {
            verdict.skip([.history], "no earlier checkpoint was given (--since)")
        }
        try await StrayFiles.find(source, size: opened.checkpoint.size).report(to: &verdict)
        return verdict
    }

    /// Goes through bundles and tiles, and through the leaves.
    private func walk(
        _ checkpoint: Checkpoint,
        keepsEvents: Bool,
        _ visit: (PublicEvent) -> Void
    ) async throws(GloveboxError) -> LogWalk {
        let walk = LogWalk(source)
        let schema = readsLeaves ? EventSchema(origin: checkpoint.origin) : nil
        var next: UInt64 = 0
        while case let numbers = BundlesAhead.numbers(from: next, size: checkpoint.size), !numbers.isEmpty {
            let bundles = await BundlesAhead.read(numbers) { [source] (number) throws(GloveboxError) in
                let path = TilePath.covering(number * 256, size: checkpoint.size)
                return try await BundleCheck.read(path, from: source, schema: schema, keepsEvents: keepsEvents)
            }
            for (number, bundle) in zip(numbers, bundles) {
                let bundle = try bundle.get()
                try await walk.add(bundle, index: number)
                for event in bundle.events { visit(event) }
            }
            next = numbers.upperBound
        }
        try await walk.finish()
        return walk
    }

    /// The proof that the log continues the one whose checkpoint was kept, empty where none is due.
    ///
    /// Nil when the files do not lead to the checkpoint: only those that do can show that it has another history.
    private func proof(
        since old: Checkpoint,
        _ new: Checkpoint,
        _ verdict: LogVerdict
    ) async throws(GloveboxError) -> [Digest]? {
        guard old.size > 0, old.size < new.size else { return [] }
        if verdict.lacks([.bundles, .tiles, .rootFromEntries, .rootFromTiles]) { return nil }
        return try await TileTree(source, size: new.size).consistency(old: old.size)
    }
}
