internal import Synchronization

/// The pseudonyms written lately: the same few people and places stand in most events.
final class PseudonymBook: Sendable {
    /// Names kept at most.
    private static let most = 1024

    private let root: [UInt8]
    /// By the identifier's bytes, because `String ==` merges spellings.
    private let known = Mutex<[[UInt8]: String]>([:])

    /// - Parameter root: 32 secret bytes, the root of the keys behind pseudonyms.
    init(root: [UInt8]) { self.root = root }

    /// The pseudonym of an identifier; see ``Pseudonym/make(_:root:)``.
    subscript(identifier: String) -> String {
        let name = Array(identifier.utf8)
        // Looked up outside the lock, which many callers would wait for.
        if let pseudonym = known.withLock({ $0 })[name] { return pseudonym }
        let pseudonym = Pseudonym.make(identifier, root: root)
        known.withLock { known in
            if known.count == Self.most { known.removeAll() }
            known[name] = pseudonym
        }
        return pseudonym
    }
}
