internal import GloveboxCore
internal import GloveboxJail
internal import Synchronization

/// Programs of images that were measured when they ran: an image never changes, so once is enough.
final class KnownPrograms: Sendable {
    /// What decides which file of which image a command means.
    struct Key: Hashable, Sendable {
        let image: Digest
        let command: String
        let path: String?
    }

    private let known = Mutex<[Key: JailReadback.Program]>([:])

    /// Whether that command was measured before.
    func has(_ key: Key) -> Bool { known.withLock { $0[key] != nil } }

    /// Keeps what was measured now; what is known of that command.
    func remember(_ key: Key, _ program: JailReadback.Program?) -> JailReadback.Program? {
        known.withLock { known in
            if let program { known[key] = program }
            return known[key]
        }
    }
}
