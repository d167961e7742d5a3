internal import GloveboxCore
internal import GloveboxTransparency

extension LogState {
    /// Brings journal, sign-lock and public files to one state at start-up.
    ///
    /// Source: transparency-log specification, section 10.2.
    /// - Throws: the codes named there; `store.io`.
    mutating func recover(
        layout: LogLayout,
        signer: NoteSigner,
        publisher: LogPublisher
    ) throws(GloveboxError) {
        let signed = try Checkpoint.open(note: signLock.note, key: signer.key)
        var replay = JournalReplay(layout.journal)
        try replay.run { record, places throws(GloveboxError) in try accept(record, places) }
        try replay.check(signedSize: signed.size)
        guard try tree.root(size: signed.size) == signed.root else {
            throw GloveboxError("log.fork", "the journal's first \(signed.size) entries are not those that were signed")
        }
        let published = try checkPublished(signed: signed, signer: signer, publisher: publisher)
        // All that disagrees has been refused; from here on the disk is changed.
        try replay.finish(into: &journal)
        if signed.size < range.size {
            let checkpoint = Checkpoint(origin: signed.origin, size: range.size, root: range.root)
            try signLock.replace(with: checkpoint.signed(by: signer))
        }
        // Tiles and bundles of the published size must be there and right before anything is built on them.
        try publisher.writeFiles(.init(self, publisher.unsure(size: published ?? 0)))
        self.published = published
    }

    private func checkPublished(
        signed: Checkpoint,
        signer: NoteSigner,
        publisher: LogPublisher
    ) throws(GloveboxError) -> UInt64? {
        guard let note = try publisher.checkpoint() else { return nil }
        let published = try Checkpoint.open(note: note, key: signer.key)
        guard published.size <= signed.size else {
            throw Self.rollback("\(published.size) entries were published, but the sign-lock knows \(signed.size)")
        }
        guard try tree.root(size: published.size) == published.root else {
            throw GloveboxError(
                "log.fork",
                "the published checkpoint of \(published.size) entries is of another history"
            )
        }
        return published.size
    }

    static func rollback(_ message: String) -> GloveboxError {
        GloveboxError(
            "log.rollback",
            message,
            hint: "a disk or backup was restored: fetch the missing entries from a mirror; nothing was changed on disk"
        )
    }
}
