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

    private static let refused = GloveboxError("log.unavailable", "sealing an event body failed")

    private let keys: Mutex<BodyKeys>

    /// - Throws: `key.format` unless the bytes are those of ``BodyKeys``.
    init(key: [UInt8]) throws(GloveboxError) { keys = Mutex(try BodyKeys(parsing: key)) }

    /// Draws what one body is sealed with.
    ///
    /// The key is the index's own, but an index can be given again after a crash or a refusal: so the nonce is drawn, and no
    /// draft is sealed twice.
    static func nonce(using random: inout BufferedRandom) -> [UInt8] { EventBody.draw(12, using: &random) }

    /// Seals a body at the end of other bytes.
    ///
    /// - Throws: `log.unavailable`.
    func seal(_ body: [UInt8], index: UInt64, nonce: [UInt8], to out: inout [UInt8]) throws(GloveboxError) {
        guard let key = key(index) else { throw Self.refused }
        do {
            let box = try AES.GCM.seal(
                body,
                using: SymmetricKey(data: key),
                nonce: AES.GCM.Nonce(data: nonce),
                authenticating: index.bigEndianBytes
            )
            guard let combined = box.combined else { throw Self.refused }
            out += combined
        } catch {
            throw Self.refused
        }
    }

    /// Whether the key of an entry was not destroyed.
    func hasKey(_ index: UInt64) -> Bool { keys.withLock { $0.hasKey(index) } }

    /// The body; nil when its key was destroyed.
    func open(_ sealed: [UInt8], index: UInt64) throws(GloveboxError) -> EventBody? {
        guard let key = key(index) else { return nil }
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

    /// The last step from the tree of keys is taken outside the lock that all callers share.
    private func key(_ index: UInt64) -> [UInt8]? { keys.withLock { $0.node(above: index) }?.key(index) }

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
