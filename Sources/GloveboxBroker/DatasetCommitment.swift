internal import Crypto
internal import Foundation
package import GloveboxCore
internal import GloveboxTransparency

/// What a plan and a report name private data by: nothing about the data can be guessed from it.
///
/// Source: attestation specification, section 6.
package enum DatasetCommitment {
    /// `SHA-256("glovebox/commit/v1" || salt || u64be(length) || bytes)`.
    package static func commit(_ bytes: [UInt8], salt: [UInt8]) -> GloveboxCore.Digest {
        var hash = SHA256()
        hash.update(data: Array("glovebox/commit/v1".utf8) + salt + bigEndian(UInt64(bytes.count)))
        hash.update(data: bytes)
        return GloveboxCore.Digest(bytes: Array(hash.finalize())) ?? .zero
    }

    /// The root of a Merkle tree over the parts, each with a salt of its own derived from the key.
    package static func root(parts: [(path: String, bytes: [UInt8])], key: [UInt8]) -> GloveboxCore.Digest {
        var tree = MerkleTree()
        for (index, part) in parts.enumerated() {
            let message = bigEndian(UInt64(index)) + Array(part.path.utf8)
            let salt = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))
            tree.append(commit(part.bytes, salt: Array(salt)).bytes)
        }
        return tree.root
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }
}
