internal import GloveboxCore
internal import GloveboxTransparency

/// What start-up finds in journal, sign-lock and public files, compared; nothing is changed on disk.
///
/// Source: transparency-log specification, section 10.2.
struct LogRecovery {
    /// The journal, read.
    let replay: JournalReplay
    /// What the sign-lock says.
    let signed: Checkpoint
    /// The size of the published checkpoint; nil when there is none.
    let published: UInt64?
    /// The size of the replay mark that served; 0 when none did.
    let markedSize: UInt64

    /// Compares, from the replay mark on where that serves.
    ///
    /// - Throws: the codes of the table; `store.io`.
    init(
        _ layout: LogLayout,
        keys: [NoteKey],
        signLock: SignLock,
        publisher: LogPublisher,
        segmentBytes: Int
    ) throws(GloveboxError) {
        let signed = try Checkpoint.open(note: signLock.note, keys: keys).checkpoint
        let note = try publisher.checkpoint()
        var published: Checkpoint?
        if let note { published = try Checkpoint.open(note: note, keys: keys).checkpoint }
        let size = published?.size ?? 0
        guard size <= signed.size else {
            throw Self.rollback("\(size) entries were published, but the sign-lock knows \(signed.size)")
        }
        func compare(from mark: ReplayMark?) throws(GloveboxError) -> JournalReplay {
            var replay = try JournalReplay(layout.journal, segmentBytes: segmentBytes, from: mark) {
                path throws(GloveboxError) in try publisher.tile(path, size: size)
            }
            try replay.run(rootsAt: [signed.size, size], published: size)
            try replay.check(signedSize: signed.size)
            guard replay.root(at: signed.size) == signed.root else {
                throw GloveboxError(
                    "log.fork",
                    "the journal's first \(signed.size) entries are not those that were signed"
                )
            }
            guard let published else { return replay }
            guard replay.root(at: published.size) == published.root else {
                throw GloveboxError("log.fork", "the published checkpoint of \(size) entries is of another history")
            }
            return replay
        }
        self.signed = signed
        self.published = published?.size
        if let mark = try ReplayMark.read(layout.journal), mark.size <= size {
            // Whatever is wrong with the mark or the tiles it relies on, the whole journal tells.
            do {
                replay = try compare(from: mark)
                markedSize = mark.size
                return
            } catch {}
        }
        replay = try compare(from: nil)
        markedSize = 0
    }

    static func rollback(_ message: String) -> GloveboxError {
        GloveboxError(
            "log.rollback",
            message,
            hint: "a disk or backup was restored: 'gloveboxd recover --mirror DIR|URL' fetches the missing entries; "
                + "nothing was changed on disk"
        )
    }
}
