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

    /// How many bundles are read at a time.
    private static let parallel = 8

    /// Prepares to check a log.
    package init(_ source: any LogSource, trust: LogTrust, now: Instant) {
        self.source = source
        self.trust = trust
        self.now = now
    }

    /// Checks the log.
    ///
    /// - Throws: what kept it from being read, such as `input.io`; all else is in the verdict.
    package func verify() async throws(GloveboxError) -> LogVerdict {
        var verdict = LogVerdict()
        let note = try await source.checkpoint()
        do { verdict.opened = try trust.open(note: note, now: now) } catch {
            verdict.add(.checkpoint, error)
            verdict.skip(LogVerdict.Check.allCases.dropFirst(), "the checkpoint is not believed")
            return verdict
        }
        guard let opened = verdict.opened else { return verdict }
        var kept: Checkpoint?
        if let since { kept = try Checkpoint.open(note: since, key: opened.key) }
        verdict.kept = kept
        try await checkFiles(opened.checkpoint, &verdict)
        if let since, let kept {
            try await checkHistory((since, kept), (note, opened.checkpoint), opened.key, &verdict)
        } else {
            verdict.skip([.history], "no earlier checkpoint was given (--since)")
        }
        try await StrayFiles(source, size: opened.checkpoint.size).check(&verdict)
        return verdict
    }

    /// Bundles, tiles, roots and leaves.
    private func checkFiles(_ checkpoint: Checkpoint, _ verdict: inout LogVerdict) async throws(GloveboxError) {
        var walk = LogWalk(source)
        let schema = readsLeaves ? EventSchema(origin: checkpoint.origin) : nil
        let count = checkpoint.size / 256 + (checkpoint.size % 256 == 0 ? 0 : 1)
        let source = source
        let failure = await withTaskGroup(of: (UInt64, Result<BundleCheck, GloveboxError>).self) { group in
            var started: UInt64 = 0
            var waiting: [UInt64: BundleCheck] = [:]
            var next: UInt64 = 0
            while next < count {
                while started < count, started < next + UInt64(Self.parallel) {
                    let path = TilePath.covering(started * 256, size: checkpoint.size)
                    group.addTask {
                        do throws(GloveboxError) {
                            return (path.index, .success(try await BundleCheck(path, from: source, schema: schema)))
                        } catch {
                            return (path.index, .failure(error))
                        }
                    }
                    started += 1
                }
                do throws(GloveboxError) {
                    guard let (index, result) = await group.next() else { break }
                    waiting[index] = try result.get()
                    while let bundle = waiting.removeValue(forKey: next) {
                        try await walk.add(bundle, index: next)
                        next += 1
                    }
                } catch {
                    group.cancelAll()
                    return error as GloveboxError?
                }
            }
            return nil
        }
        if let failure { throw failure }
        try await walk.finish(checkpoint, &verdict)
        if schema == nil { verdict.skip([.leaves], "only the tree was asked for") }
    }

    /// Whether the log continues the one whose checkpoint was kept.
    private func checkHistory(
        _ old: (note: [UInt8], checkpoint: Checkpoint),
        _ new: (note: [UInt8], checkpoint: Checkpoint),
        _ key: NoteKey,
        _ verdict: inout LogVerdict
    ) async throws(GloveboxError) {
        var proof: [Digest] = []
        if old.checkpoint.size > 0, old.checkpoint.size < new.checkpoint.size {
            // Only tiles that lead to the checkpoint can show that it has another history.
            guard !verdict.lacks([.bundles, .tiles, .rootFromEntries, .rootFromTiles]) else {
                verdict.skip([.history], "the files do not lead to the checkpoint, so they prove nothing")
                return
            }
            var tree = TileTree(source, size: new.checkpoint.size)
            proof = try await tree.consistency(old: old.checkpoint.size)
        }
        verdict.evidence = try LogEvidence.compare(old: old, new: new, key: key, proof: proof)
        if let evidence = verdict.evidence { verdict.add(.history, evidence.error) }
    }
}
