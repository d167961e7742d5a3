internal import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency

/// `restored.json`: that a site comes from a backup, until its log says so.
///
/// The restoration itself logs nothing: a site asks its witnesses before it appends.
struct RestoredBackup: Sendable {
    private let digest: Digest
    private let size: UInt64
    private let isShown: Bool

    init(_ backup: Backup, _ newest: SiteRestoration.Newest) {
        digest = backup.digest
        size = backup.record.size
        if case .shown = newest { isShown = true } else { isShown = false }
    }

    /// Reads ``bytes``.
    ///
    /// - Throws: codes of the strict reader.
    init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.readCanonical(bytes), at: "restored")
        digest = try fields.digest("backup")
        guard let size = UInt64(try fields.string("entries")) else {
            throw GloveboxError("schema.type", "restored.json has a value of another form")
        }
        self.size = size
        isShown = try fields.string("newest").utf8.elementsEqual("shown".utf8)
        try fields.finish()
    }

    private var newest: String { isShown ? "shown" : "none-kept" }

    /// Canonical JSON.
    var bytes: [UInt8] {
        CanonicalJSON.encode([
            "backup": digest.json, "entries": .string(String(size)), "newest": .string(newest),
        ])
    }

    /// What the log says of it.
    var event: Event {
        Event(
            kind: .backupRestored,
            severity: .high,
            fields: [
                ("backup", .string(digest.hex)), ("entries", .string(String(size))), ("newest", .string(newest)),
            ],
            idempotencyKey: "restored \(digest.hex) \(size)"
        )
    }
}

extension Site {
    /// Logs where a restored site comes from, once.
    ///
    /// - Throws: `log.unavailable`, `storage.*`.
    func noteRestoration() throws(GloveboxError) {
        guard StateFile.exists(layout.restored) else { return }
        try record(RestoredBackup(parsing: StateFile.read(layout.restored)).event)
        try Directory.remove(layout.restored)
    }
}
