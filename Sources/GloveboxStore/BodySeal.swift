internal import Crypto
internal import GloveboxCore
internal import GloveboxTransparency

/// Seals private event bodies for the journal: AES-256-GCM, the nonce first, bound to the leaf index.
///
/// Source: transparency-log specification, section 10.
struct BodySeal: Sendable {
    /// Bytes a sealed body has more than the body: nonce and tag.
    static let overhead = 12 + 16

    private let key: SymmetricKey

    /// - Throws: `key.format` unless the key has 32 bytes.
    init(key: [UInt8]) throws(GloveboxError) {
        guard key.count == 32 else { throw GloveboxError("key.format", "the key of event bodies has 32 bytes") }
        self.key = SymmetricKey(data: key)
    }

    func seal(_ body: [UInt8], index: UInt64) throws(GloveboxError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(body, using: key, authenticating: index.bigEndianBytes)
            return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw GloveboxError("log.unavailable", "sealing an event body failed")
        }
    }

    func open(_ sealed: [UInt8], index: UInt64) throws(GloveboxError) -> EventBody {
        let plain: [UInt8]
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            plain = Array(try AES.GCM.open(box, using: key, authenticating: index.bigEndianBytes))
        } catch {
            throw GloveboxError("audit.body-mismatch", "the private body of entry \(index) does not open")
        }
        return try EventBody(parsing: plain)
    }
}
