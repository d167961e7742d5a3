package import GloveboxCore
package import GloveboxTransparency
internal import Synchronization

/// How a log at work is copied, and how it comes back.
///
/// The journal alone is copied: tiles and bundles follow from it, and a copied sign-lock would let a log that was put back
/// sign a second history.
extension LogWriter {
    /// Does something while nothing is appended; callers wait meanwhile.
    ///
    /// - Parameter body: is told how far the journal goes.
    /// - Returns: what the closure returns.
    /// - Throws: what the closure throws.
    package func whileResting<Value: Sendable>(
        _ body: (Checkpoint) throws(GloveboxError) -> Value
    ) throws(GloveboxError) -> Value {
        try core.writing.withLock { _ throws(GloveboxError) in
            let range = core.state.withLock { $0.stack.range }
            return try body(Checkpoint(origin: key.name, size: range.size, root: range.root))
        }
    }

    /// Reads a journal that no log has open, believing only what adds up.
    ///
    /// - Parameters:
    ///   - path: its directory.
    ///   - sizes: where roots are asked for as well.
    /// - Returns: how far it goes, its root, and the roots at the sizes asked for where a record ends.
    /// - Throws: `log.journal-corrupt`, `store.io`.
    package static func readJournal(
        _ path: String,
        rootsAt sizes: Set<UInt64>
    ) throws(GloveboxError) -> (size: UInt64, root: Digest, roots: [UInt64: Digest]) {
        var replay = try JournalReplay(Directory(path), segmentBytes: 0, from: nil) { path throws(GloveboxError) in
            throw GloveboxError("log.missing-tiles", "a copied journal has no tiles, not even \(path.path)")
        }
        try replay.run(rootsAt: sizes, published: 0)
        var roots: [UInt64: Digest] = [:]
        for size in sizes { roots[size] = replay.root(at: size) }
        let range = replay.stack.range
        try replay.check(signedSize: range.size)
        return (range.size, range.root, roots)
    }

    /// Makes the log of a journal that was put back: its sign-lock begins with what the journal holds.
    ///
    /// Only who has shown that no later checkpoint was signed may call this.
    ///
    /// - Throws: `log.exists` when there is a sign-lock or anything public, `log.journal-corrupt`, `store.io`.
    package static func restore(at layout: LogLayout, signer: any CheckpointSigner) throws(GloveboxError) {
        let (size, root, _) = try readJournal(layout.journal.path, rootsAt: [])
        guard try !Directory.exists(layout.log.path) else {
            throw GloveboxError("log.exists", "\(Display.escape(layout.log.path)) exists; a log is put back once")
        }
        try layout.log.make(permissions: LogLayout.publicPermissions)
        try layout.signLock.make()
        let checkpoint = Checkpoint(origin: signer.key.name, size: size, root: root)
        try SignLock.create(layout.signLock, home: layout.home, note: checkpoint.signed(by: signer))
    }

    /// Makes a copied log the one that may sign.
    ///
    /// Only who has shown that no later checkpoint was signed may call this.
    ///
    /// - Throws: `log.copied` while the first is still there, `log.locked`, `log.sign-lock`, `store.io`.
    package static func adopt(at layout: LogLayout) throws(GloveboxError) {
        try layout.check()
        let signLock = try SignLock(layout.signLock)
        try signLock.adopt(for: SignLock.Home(layout.home))
        signLock.release()
    }
}
