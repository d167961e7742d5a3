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
        commit(length: bytes.count, salt: salt) { $0(bytes) }
    }

    private static func commit<E>(
        length: Int,
        salt: [UInt8],
        _ pieces: (_ take: ([UInt8]) -> Void) throws(E) -> Void
    ) throws(E) -> GloveboxCore.Digest {
        var hash = SHA256()
        hash.update(data: Array("glovebox/commit/v1".utf8) + salt + bigEndian(UInt64(length)))
        try pieces { hash.update(data: $0) }
        return GloveboxCore.Digest(bytes: Array(hash.finalize())) ?? .zero
    }

    /// The root of a Merkle tree over the one part at a path, with a salt of its own derived from the key; `pieces` hands
    /// over its bytes, as many as `length` says.
    package static func root<E>(
        path: String,
        length: Int,
        key: [UInt8],
        _ pieces: (_ take: ([UInt8]) -> Void) throws(E) -> Void
    ) throws(E) -> GloveboxCore.Digest {
        let message = bigEndian(0) + Array(path.utf8)
        let salt = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))
        var tree = MerkleTree()
        tree.append(try commit(length: length, salt: Array(salt), pieces).bytes)
        return tree.root
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }
}
