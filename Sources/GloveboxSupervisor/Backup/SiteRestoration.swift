internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxLinux
internal import GloveboxStore
internal import GloveboxTransparency

/// Brings a site back from a backup, into a new state directory.
///
/// A log that was put back must not sign a second history. So whoever restores shows the newest checkpoint of it that others
/// have, or says that there is none; either stands in the log as `backup.restored`.
package struct SiteRestoration: Sendable {
    /// What is said about checkpoints after the backup.
    package enum Newest: Sendable {
        /// Signed checkpoints that others kept: a witness, a mirror, an auditor, the lost disk.
        case shown([[UInt8]])
        /// Nobody has one that is later.
        case noneKept
    }

    private let backup: Backup
    private let newest: Newest

    /// Reads both halves of a backup whole, and compares its journal with the checkpoints.
    ///
    /// Nothing is written.
    ///
    /// - Throws: `backup.*`; `backup.unproven` without a checkpoint; `log.rollback` and `log.fork` when one of them
    ///   speaks against the backup; `log.checkpoint-signature`, `log.journal-corrupt`, `key.*`, `storage.read`.
    package init(data: String, keys: String, newest: Newest) throws(GloveboxError) {
        backup = try Backup(data: data, keys: keys)
        self.newest = newest
        let backup = backup
        let layout = SiteLayout(root: keys)
        try newest.check(size: backup.record.size, keysOf: layout) { (sizes) throws(GloveboxError) in
            try backup.roots(at: sizes)
        }
    }

    /// The site's name, and how many entries its log has.
    package var summary: (site: String, made: Instant, entries: UInt64) {
        (backup.record.site, backup.record.made, backup.record.size)
    }

    /// Writes the state directory, opens the site in it and closes it again; it is a site only when all that went well.
    ///
    /// - Parameters:
    ///   - layout: a directory that is missing or empty.
    ///   - tpm: the TPM to open the site with; nil for the one its settings name.
    /// - Throws: `site.exists`, `backup.damaged`, `storage.*`, and what keeps a site from being opened.
    package func restore(to layout: SiteLayout, tpm: TPMChoice? = nil) throws(GloveboxError) {
        if StateFile.exists(layout.root) {
            guard try Directory(layout.root).names().isEmpty else {
                throw GloveboxError(
                    "site.exists",
                    "\(Display.escape(layout.root)) is not empty",
                    hint: "A backup is restored to a directory of its own: give another --state."
                )
            }
        }
        try StateFile.makeDirectory(layout.root)
        for directory in [layout.incoming, layout.sealed, layout.history, layout.datasets] {
            try StateFile.makeDirectory(directory)
        }
        let founding = layout.configuration.dropFirst(layout.root.count + 1)
        try put(backup.dataSums, from: backup.data, to: layout.root, except: String(founding))
        try put(backup.keySums, from: backup.keys, to: layout.root, except: "operator/url")
        try StateFile.write(Array("unix://\(layout.socket)\n".utf8), to: layout.operatorProfile + "/url")
        try CompanionUser.broker.own(layout.broker)
        let keys = try SiteKeyring(layout)
        let signLock = try SiteSettings(reading: layout.settings).signLock
        try LogWriter.restore(at: LogLayout(state: layout.root, signLock: signLock), signer: keys.log)
        try WitnessStore.retire(layout.witness, [keys.witness.key] + keys.formerWitnesses.map(\.cosigner.key))
        try StateFile.write(RestoredBackup(backup, newest).bytes, to: layout.restored)
        // From here on it can be opened, and the first start logs where it comes from.
        try StateFile.write(StateFile.read("\(backup.data)/\(founding)"), to: layout.configuration)
        do throws(GloveboxError) {
            let site = try Site(opening: layout, tpm: tpm, rebuildingIndex: true)
            defer { site.close() }
            try site.log.publish()
        } catch {
            _ = unsafe unlink(layout.configuration)
            throw error
        }
    }

    private func put(
        _ sums: BackupSums,
        from source: String,
        to target: String,
        except other: String
    ) throws(GloveboxError) {
        var copy = try BackupHalf(target)
        try copy.take(Set(sums.files.keys).subtracting([other]), from: source)
        for (path, digest) in copy.sums.files where sums.files[path] != digest {
            throw Backup.damaged("\(path) was changed while it was read")
        }
        try copy.sync()
    }

}

extension SiteRestoration.Newest {
    /// Compares what is shown with the journal that is put back.
    ///
    /// - Parameters:
    ///   - size: how many entries it has.
    ///   - layout: where the log's keys are.
    ///   - roots: the roots it has at some sizes.
    /// - Throws: `backup.unproven`, `log.rollback`, `log.fork`, `log.checkpoint-signature`, `key.*`, and what the closure
    ///   throws.
    func check(
        size: UInt64,
        keysOf layout: SiteLayout,
        roots: (Set<UInt64>) throws(GloveboxError) -> [UInt64: Digest]
    ) throws(GloveboxError) {
        guard case .shown(let notes) = self else { return }
        guard !notes.isEmpty else { throw Self.unproven }
        let logs = try SiteKeyring(layout).log.keys
        var known: [Checkpoint] = []
        for note in notes { known.append(try Checkpoint.open(note: note, keys: logs).checkpoint) }
        for checkpoint in known where checkpoint.size > size {
            throw GloveboxError(
                "log.rollback",
                "there are \(size) entries, and the log signed \(checkpoint.size): going on here would roll the log back",
                hint: "Take a later copy, or found a site under a new origin."
            )
        }
        let roots = try roots(Set(known.map(\.size)))
        for checkpoint in known where roots[checkpoint.size] != checkpoint.root {
            throw GloveboxError(
                "log.fork",
                "the first \(checkpoint.size) entries are not those that the checkpoint is of",
                hint: "One of the two is of another history. Keep both: they are evidence."
            )
        }
    }

    /// What the log says of it.
    var word: String {
        if case .shown = self { return "shown" }
        return "none-kept"
    }

    private static let unproven = GloveboxError(
        "backup.unproven",
        "nothing shows that the log signed no checkpoint after this copy",
        hint: "Give --checkpoint FILE with the newest one that a witness, a mirror, an auditor or the lost disk has; "
            + "or --no-later-checkpoint, which stands in the log."
    )
}
