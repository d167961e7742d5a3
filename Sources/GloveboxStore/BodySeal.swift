internal import Crypto
internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// Seals private event bodies for the journal: AES-256-GCM under the entry's own key, the nonce first, bound to the leaf
/// index.
///
/// Source: transparency-log specification, sections 9 and 10.
final class BodySeal: Sendable {
    /// Bytes a sealed body has more than the body: nonce and tag.
    static let overhead = 12 + 16

    private let keys: Mutex<BodyKeys>

    /// - Throws: `key.format` unless the bytes are those of ``BodyKeys``.
    init(key: [UInt8]) throws(GloveboxError) { keys = Mutex(try BodyKeys(parsing: key)) }

    func seal(
        _ body: [UInt8],
        index: UInt64,
        using random: inout BufferedRandom
    ) throws(GloveboxError) -> [UInt8] {
        let refused = GloveboxError("log.unavailable", "sealing an event body failed")
        guard let key = keys.withLock({ $0.key(index) }) else { throw refused }
        do {
            // The key is the index's own, but an index can be given again after a crash: so the nonce is drawn.
            let nonce = EventBody.draw(12, using: &random)
            let box = try AES.GCM.seal(
                body,
                using: SymmetricKey(data: key),
                nonce: AES.GCM.Nonce(data: nonce),
                authenticating: index.bigEndianBytes
            )
            guard let combined = box.combined else { throw refused }
            return Array(combined)
        } catch {
            throw refused
        }
    }

    /// Whether the key of an entry was not destroyed.
    func hasKey(_ index: UInt64) -> Bool { keys.withLock { $0.hasKey(index) } }

    /// The body; nil when its key was destroyed.
    func open(_ sealed: [UInt8], index: UInt64) throws(GloveboxError) -> EventBody? {
        guard let key = keys.withLock({ $0.key(index) }) else { return nil }
        let plain: [UInt8]
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            plain = Array(
                try AES.GCM.open(box, using: SymmetricKey(data: key), authenticating: index.bigEndianBytes)
            )
        } catch {
            throw GloveboxError("audit.body-mismatch", "the private body of entry \(index) does not open")
        }
        return try EventBody(parsing: plain)
    }

    /// Destroys a key once what is left of the others has been kept.
    func destroy(
        _ index: UInt64,
        keep: (_ keys: [UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        try keys.withLock { (keys: inout BodyKeys) throws(GloveboxError) in
            var left = keys
            left.destroy(index)
            try keep(left.bytes)
            keys = left
        }
    }
}
