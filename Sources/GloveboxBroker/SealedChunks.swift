internal import Crypto
internal import Foundation
package import GloveboxCore

/// Bytes encrypted in chunks, so that a change, a cut, or an exchange of chunks is refused.
///
/// Format: `GBXS`, version 1, 7-byte random nonce prefix, then chunks of 64 KiB of plaintext, each AES-256-GCM with the
/// nonce prefix ‖ u32be(chunk) ‖ last flag and the tag behind the ciphertext (the STREAM construction of Hoang,
/// Reyhanitabar, Rogaway and Vizár, 2015). The label is authenticated with every chunk.
package enum SealedChunks {
    private static let magic: [UInt8] = [0x47, 0x42, 0x58, 0x53, 1]
    private static let chunk = 65536
    private static let tag = 16

    /// Encrypts bytes under a 32-byte key.
    package static func seal(_ bytes: [UInt8], key: [UInt8], label: String) throws(GloveboxError) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        let prefix = (0..<7).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let count = max(1, (bytes.count + chunk - 1) / chunk)
        var out = magic + prefix
        out.reserveCapacity(bytes.count + count * tag + 16)
        do {
            for index in 0..<count {
                let part = bytes[index * chunk..<min(bytes.count, (index + 1) * chunk)]
                let box = try AES.GCM.seal(
                    part,
                    using: SymmetricKey(data: key),
                    nonce: nonce(prefix, index, isLast: index == count - 1),
                    authenticating: Array(label.utf8)
                )
                out += box.ciphertext
                out += box.tag
            }
        } catch { throw GloveboxError("broker.seal", "the bytes could not be encrypted") }
        return out
    }

    /// Decrypts what ``seal(_:key:label:)`` made.
    ///
    /// - Throws: `broker.open` for another key or label and for any change.
    package static func open(_ sealed: [UInt8], key: [UInt8], label: String) throws(GloveboxError) -> [UInt8] {
        let refused = GloveboxError("broker.open", "the encrypted bytes were changed, cut, or belong to another key")
        let head = magic.count + 7
        guard sealed.starts(with: magic), sealed.count >= head + tag else { throw refused }
        let prefix = Array(sealed[magic.count..<head])
        let body = sealed.count - head
        let count = (body + chunk + tag - 1) / (chunk + tag)
        var out: [UInt8] = []
        out.reserveCapacity(body)
        do {
            for index in 0..<count {
                let start = head + index * (chunk + tag)
                let end = min(sealed.count, start + chunk + tag)
                guard end - start >= tag else { throw refused }
                let box = try AES.GCM.SealedBox(
                    nonce: nonce(prefix, index, isLast: index == count - 1),
                    ciphertext: sealed[start..<end - tag],
                    tag: sealed[end - tag..<end]
                )
                out += try AES.GCM.open(box, using: SymmetricKey(data: key), authenticating: Array(label.utf8))
            }
        } catch { throw refused }
        return out
    }

    private static func nonce(_ prefix: [UInt8], _ index: Int, isLast: Bool) throws -> AES.GCM.Nonce {
        let number = UInt32(index)
        let counter = (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
        return try AES.GCM.Nonce(data: prefix + counter + [isLast ? 1 : 0])
    }
}
