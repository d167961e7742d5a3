internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency

/// Makes a state directory that was copied whole, such as a snapshot put back by hand, the site again.
///
/// The first one must be gone. As with a backup, whoever does this shows the newest checkpoint that others have, or says that
/// there is none; either stands in the log.
package enum SiteAdoption {
    /// Compares the journal with the checkpoints, then lets its log sign again; how many entries it has.
    ///
    /// - Throws: `backup.unproven`, `log.rollback`, `log.fork`, `log.copied` while the first directory is still there,
    ///   `log.checkpoint-signature`, `log.journal-corrupt`, and what keeps a site from being opened.
    package static func adopt(
        _ layout: SiteLayout,
        newest: SiteRestoration.Newest,
        tpm: TPMChoice? = nil
    ) throws(GloveboxError) -> UInt64 {
        let journal = layout.root + "/journal"
        let size = try LogWriter.readJournal(journal, rootsAt: []).size
        try newest.check(size: size, keysOf: layout) { (sizes) throws(GloveboxError) in
            try LogWriter.readJournal(journal, rootsAt: sizes).roots
        }
        let signLock = try SiteSettings(reading: layout.settings).signLock
        try LogWriter.adopt(at: LogLayout(state: layout.root, signLock: signLock))
        let site = try Site(opening: layout, tpm: tpm)
        defer { site.close() }
        try site.record(
            Event(
                kind: .backupRestored,
                severity: .high,
                fields: [("entries", .string(String(size))), ("newest", .string(newest.word))]
            )
        )
        try site.log.publish()
        return size
    }
}
