package import GloveboxCore
package import GloveboxTransparency

/// Brings a journal that is behind its sign-lock up to it, with entries that a mirror of the log kept.
///
/// A mirror has leaves and no private bodies, so these entries stand in the journal without one. What the mirror says is
/// believed when all entries together lead to the root that was signed; before that no name in the journal changes.
///
/// Source: transparency-log specification, section 10.2.
package final class LogCompletion {
    /// Segments that are written and not in place yet.
    private struct Part {
        let path: String
        let firstIndex: UInt64
    }

    private let layout: LogLayout
    private let keys: [NoteKey]
    private let lock: OwnedFile
    private let signLock: SignLock
    private let signed: Checkpoint
    /// Bytes after which a segment is finished.
    private let segmentBytes: Int
    private var range: CompactRange
    private var parts: [Part] = []

    /// The entries that are missing; empty when the journal has all that was signed.
    package let gap: Range<UInt64>

    /// Locks log and sign-lock, and compares the journal with what was signed.
    ///
    /// - Throws: `log.locked`, `log.sign-lock`, `log.journal-corrupt` for a journal that ends in a torn record,
    ///   `log.checkpoint-signature`, `store.permissions`, `store.io`.
    package init(_ layout: LogLayout, keys: [NoteKey], segmentBytes: Int = 4 << 20) throws(GloveboxError) {
        (self.layout, self.keys, self.segmentBytes) = (layout, keys, segmentBytes)
        try layout.check()
        lock = try layout.log.open()
        try lock.lock()
        signLock = try SignLock(layout.signLock)
        signed = try Checkpoint.open(note: signLock.note, keys: keys).checkpoint
        var replay = try JournalReplay(layout.journal, segmentBytes: 0, from: nil) { path throws(GloveboxError) in
            throw GloveboxError("log.missing-tiles", "a journal is read whole, without \(path.path)")
        }
        try replay.run(rootsAt: [], published: 0)
        range = replay.stack.range
        gap = range.size..<max(range.size, signed.size)
        // A torn end is another finding than a missing one: what is in it may still be of use.
        do { try replay.check(signedSize: signed.size) } catch  where error.code == "log.rollback" {}
    }

    /// Fetches the missing entries and, once they add up, puts them into the journal.
    ///
    /// Ended at any moment, it leaves the journal as it was or with some of the entries, and can be begun again.
    ///
    /// - Parameters:
    ///   - mirror: the files of this log, as anybody kept them.
    ///   - beforeChange: is called when all is there and proved, before the journal changes.
    /// - Throws: `log.root-mismatch` when entries and journal do not lead to what was signed; `log.rollback` when the mirror
    ///   has a later checkpoint than the sign-lock; `log.bundle-missing`, `log.bundle-format`, `log.origin`,
    ///   `log.checkpoint-signature`, `store.full`, `store.io`, and what reading the mirror and the closure throw.
    package func complete(
        from mirror: any LogSource,
        beforeChange: (Range<UInt64>) throws(GloveboxError) -> Void
    ) async throws(GloveboxError) {
        do throws(GloveboxError) {
            try await fetch(from: mirror)
            try beforeChange(gap)
            while let part = parts.first {
                try layout.journal.rename(part.path, to: JournalSegment(firstIndex: part.firstIndex, capacity: 0).name)
                parts.removeFirst()
            }
        } catch {
            for part in parts { Directory.discard(part.path) }
            release()
            throw error
        }
        release()
    }

    /// Gives the locks back.
    private func release() {
        signLock.release()
        lock.unlock()
    }

    private func fetch(from mirror: any LogSource) async throws(GloveboxError) {
        guard !gap.isEmpty else { return }
        let known = try await Checkpoint.open(note: mirror.checkpoint(), keys: keys).checkpoint
        guard known.size <= signed.size else {
            throw GloveboxError(
                "log.rollback",
                "the mirror has a checkpoint of \(known.size) entries, but the sign-lock knows \(signed.size)",
                hint: "the sign-lock was restored, too: found a site under a new origin"
            )
        }
        try layout.journal.removeTemporaries()
        var segment: [UInt8] = []
        var first = range.size
        while range.size < signed.size {
            segment += try await record(from: mirror, known)
            guard segment.count >= segmentBytes || range.size == signed.size else { continue }
            try write(segment, first)
            (segment, first) = ([], range.size)
        }
        guard range.root == signed.root else {
            throw GloveboxError(
                "log.root-mismatch",
                "the journal's \(gap.lowerBound) entries and the mirror's next \(gap.count) do not lead to the root "
                    + "that was signed",
                hint: "one of the two is not of this log's history; nothing was changed on disk"
            )
        }
    }

    /// The journal's record of the next entries that share a bundle.
    private func record(
        from mirror: any LogSource,
        _ known: Checkpoint
    ) async throws(GloveboxError) -> [UInt8] {
        let firstIndex = range.size
        let prevRoot = range.root
        let (bytes, entries): ([UInt8], [Range<Int>])
        do { (bytes, entries) = try await mirror.bundle(.covering(firstIndex, size: signed.size)) } catch {
            guard error.code == "log.bundle-missing" else { throw error }
            throw GloveboxError(
                error.code,
                "\(error.message): the mirror knows of \(known.size) entries, and \(signed.size) were signed",
                hint: "take a mirror that has all of them; nothing was changed on disk"
            )
        }
        let wanted = entries[Int(firstIndex % UInt64(TilePath.full))...]
        var items: [UInt8] = []
        for entry in wanted {
            let leaf = try JournalRecord.add(to: &items) { $0 += bytes[entry] }
            range.append(TileStack.Leaf(items[leaf]))
            _ = try JournalRecord.add(to: &items) { _ in }
        }
        return JournalRecord.encode(
            firstIndex: firstIndex,
            count: wanted.count,
            prevRoot: prevRoot,
            newRoot: range.root,
            items: [items]
        )
    }

    private func write(_ segment: [UInt8], _ firstIndex: UInt64) throws(GloveboxError) {
        let path = "\(layout.journal.path)/\(Directory.temporaryName())"
        parts.append(Part(path: path, firstIndex: firstIndex))
        let file = try OwnedFile(path, .create(permissions: 0o600))
        try file.write(segment, at: 0)
        try file.sync()
    }
}
