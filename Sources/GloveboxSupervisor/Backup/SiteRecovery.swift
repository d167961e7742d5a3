package import GloveboxCore
internal import GloveboxStore
package import GloveboxTransparency

/// Brings a site's log forward again whose disk was restored beside a sign-lock that went on.
///
/// The missing entries come from a mirror, which has leaves and no private bodies. The log is whole then. The site is, when
/// none of those entries changed its state; else it stays as it is and acts no more (``LostPast``).
package enum SiteRecovery {
    /// What came of it.
    package struct Outcome: Sendable {
        /// The entries that came back.
        package let entries: Range<UInt64>
        /// Why the site acts no more; nil when it goes on.
        package let closed: GloveboxError?
    }

    /// Fetches what is missing, puts it into the journal when it leads to the root that was signed, and opens the site once.
    ///
    /// Killed at any moment, it can be begun again. What happened stands in the log after the next start, which asks the
    /// witnesses first.
    ///
    /// - Parameters:
    ///   - layout: the site.
    ///   - mirror: the files of its log, as anybody kept them.
    ///   - tpm: the TPM to open the site with; nil for the one its settings name.
    /// - Returns: what came back, and what is lost.
    /// - Throws: `log.complete` when nothing is missing; as ``LogCompletion``; what keeps a site from being opened.
    package static func recover(
        _ layout: SiteLayout,
        from mirror: any LogSource,
        tpm: TPMChoice? = nil
    ) async throws(GloveboxError) -> Outcome {
        let keys = try SiteKeyring(layout)
        let signLock = try SiteSettings(reading: layout.settings).signLock
        let log = LogLayout(state: layout.root, signLock: signLock)
        let completion = try LogCompletion(log, keys: keys.log.keys)
        let begun = try RecoveredLog.read(layout)
        if completion.gap.isEmpty, begun == nil {
            throw GloveboxError(
                "log.complete",
                "the journal has all \(completion.gap.upperBound) entries that were signed",
                hint: "Start the site: gloveboxd serve."
            )
        }
        try await completion.complete(from: mirror) { (gap) throws(GloveboxError) in
            guard !gap.isEmpty else { return }
            // What this site cosigned for others since the copy was made is not on its disk any more.
            try WitnessStore.retire(layout.witness, [keys.witness.key] + keys.formerWitnesses.map(\.cosigner.key))
            let first = min(gap.lowerBound, begun?.entries.lowerBound ?? gap.lowerBound)
            try StateFile.write(RecoveredLog(entries: first..<gap.upperBound).bytes, to: layout.recovered)
        }
        let site = try Site(opening: layout, tpm: tpm)
        defer { site.close() }
        try site.repeatRedactions()
        guard let recovered = try RecoveredLog.read(layout) else { preconditionFailure("it was written") }
        return Outcome(entries: recovered.entries, closed: site.read { state in state.lost.refusal })
    }
}

/// `recovered.json`: which entries of a site's log came back from a mirror, until its log says so.
struct RecoveredLog: Sendable {
    let entries: Range<UInt64>

    init(entries: Range<UInt64>) { self.entries = entries }

    /// The file of a site; nil when there is none.
    ///
    /// - Throws: `storage.read`, codes of the strict reader.
    static func read(_ layout: SiteLayout) throws(GloveboxError) -> RecoveredLog? {
        guard StateFile.exists(layout.recovered) else { return nil }
        return try RecoveredLog(parsing: StateFile.read(layout.recovered))
    }

    private init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.readCanonical(bytes), at: "recovered")
        guard let from = UInt64(try fields.string("from")), let to = UInt64(try fields.string("to")), from < to else {
            throw GloveboxError("schema.type", "recovered.json has a value of another form")
        }
        try fields.finish()
        entries = from..<to
    }

    /// Canonical JSON.
    var bytes: [UInt8] {
        CanonicalJSON.encode(["from": .string(String(entries.lowerBound)), "to": .string(String(entries.upperBound))])
    }

    /// What the log says of it; `unknown` is how many of the entries the site's state rested on.
    func event(unknown: Int) -> Event {
        Event(
            kind: .logRecovered,
            severity: .high,
            fields: [
                ("from", .string(String(entries.lowerBound))), ("to", .string(String(entries.upperBound))),
                ("unknown", .string(String(unknown))),
            ],
            idempotencyKey: "recovered \(entries.lowerBound) \(entries.upperBound)"
        )
    }
}

extension Site {
    /// Logs which entries came back from a mirror, once.
    ///
    /// - Throws: `log.unavailable`, `storage.*`.
    func noteRecovery() throws(GloveboxError) {
        guard let recovered = try RecoveredLog.read(layout) else { return }
        try record(recovered.event(unknown: read { state in state.lost.count }))
        try Directory.remove(layout.recovered)
    }

    /// Destroys the keys of bodies that were erased once and came back with an older disk.
    ///
    /// That they were destroyed stands in the log already.
    ///
    /// - Throws: `log.*`, `storage.*`.
    func repeatRedactions() throws(GloveboxError) {
        for entry in read({ state in state.lost.redacted.sorted() }) where try log.entry(entry).body != nil {
            try destroyKey(entry)
        }
    }
}
