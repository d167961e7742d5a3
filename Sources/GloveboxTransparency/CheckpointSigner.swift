package import GloveboxCore

/// What signs a log's checkpoints: one key, or, while a changed key may still be relied on, the new one and the old.
package protocol CheckpointSigner: Sendable {
    /// The key in force; its name is the origin.
    var key: NoteKey { get }
    /// Every key that signed for this log, the one in force first: checkpoints on disk are read with them.
    var keys: [NoteKey] { get }

    /// Signs a checkpoint's text.
    ///
    /// - Throws: `log.key` when that is not possible.
    func sign(_ text: [UInt8]) throws(GloveboxError) -> SignedNote
}

extension NoteSigner: CheckpointSigner {
    package var keys: [NoteKey] { [key] }
}

/// A log's key with those that were in force before it.
///
/// A former key adds its line until its time ends, so that readers and witnesses who know it alone can go on.
///
/// Source: transparency-log specification, section 10.
package struct LogSigner: CheckpointSigner {
    /// A key that another one has replaced.
    package struct Former: Sendable {
        let key: NoteKey
        let signer: NoteSigner?
        let until: Instant

        /// Names the key; the private half is nil once it is destroyed.
        package init(_ key: NoteKey, signer: NoteSigner?, until: Instant) {
            self.key = key
            self.signer = signer
            self.until = until
        }
    }

    private let current: NoteSigner
    private let former: [Former]
    private let now: @Sendable () -> Instant

    package var key: NoteKey { current.key }
    package var keys: [NoteKey] { [current.key] + former.map(\.key) }

    /// Takes up the keys, the latest of the former first.
    ///
    /// - Throws: `log.origin` when they have not one name.
    package init(
        _ current: NoteSigner,
        former: [Former],
        now: @escaping @Sendable () -> Instant
    ) throws(GloveboxError) {
        guard former.allSatisfy({ $0.key.name.utf8.elementsEqual(current.key.name.utf8) }) else {
            throw GloveboxError("log.origin", "a log's keys have one name, its origin")
        }
        (self.current, self.former, self.now) = (current, former, now)
    }

    package func sign(_ text: [UInt8]) throws(GloveboxError) -> SignedNote {
        let time = now()
        var signatures = try current.sign(text).signatures
        for old in former where time < old.until {
            if let signer = old.signer { signatures += try signer.sign(text).signatures }
        }
        return SignedNote(text: text, signatures: signatures)
    }
}
