package import Crypto

package import struct GloveboxCore.Digest

extension Digest {
    /// Keeps a finished hash.
    package init(_ hash: SHA256Digest) {
        guard let digest = Digest(bytes: Array(hash)) else { preconditionFailure("SHA-256 gives 32 bytes") }
        self = digest
    }
}

/// The hashes of a Merkle tree log.
///
/// The first byte keeps leaves and inner nodes apart.
///
/// Source: RFC 6962 section 2.1; transparency-log specification, section 2.
package enum MerkleHash {
    /// The root of a tree without entries.
    package static let emptyRoot = Digest(SHA256().finalize())

    /// The hash of an entry.
    package static func leaf(_ entry: [UInt8]) -> Digest {
        var hash = SHA256()
        hash.update(data: [0])
        hash.update(data: entry)
        return Digest(hash.finalize())
    }

    /// The hash of an inner node.
    package static func node(_ left: Digest, _ right: Digest) -> Digest {
        var hash = SHA256()
        hash.update(data: [1] + left.bytes + right.bytes)
        return Digest(hash.finalize())
    }
}
