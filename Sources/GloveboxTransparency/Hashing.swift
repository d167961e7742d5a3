package import Crypto

package import struct GloveboxCore.Digest

extension Digest {
    /// Keeps a finished hash.
    package init(_ hash: SHA256Digest) {
        let bytes = unsafe hash.withUnsafeBytes { unsafe Array($0) }
        guard let digest = Digest(bytes: bytes) else { preconditionFailure("SHA-256 gives 32 bytes") }
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

    private static let leafPrefix: [UInt8] = [0]
    private static let nodePrefix: [UInt8] = [1]

    /// The hash of an entry.
    package static func leaf(_ entry: [UInt8]) -> Digest { Digest(leafHash(entry[...])) }

    /// The hash of an inner node.
    package static func node(_ left: Digest, _ right: Digest) -> Digest {
        var bytes = nodePrefix
        bytes.reserveCapacity(65)
        bytes += left.bytes
        bytes += right.bytes
        return Digest(SHA256.hash(data: bytes))
    }

    /// The hashes of entries that lie in one file, end to end.
    static func leaves(_ bytes: [UInt8], _ entries: some Collection<Range<Int>>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(32 * entries.count)
        for entry in entries { append(leafHash(bytes[entry]), to: &out) }
        return out
    }

    /// The root over the hashes of complete subtrees that lie end to end.
    ///
    /// - Precondition: their number is a power of two.
    package static func root(over hashes: [UInt8]) -> Digest {
        precondition((hashes.count / 32).nonzeroBitCount == 1, "a complete tree has a power of two of leaves")
        var level = hashes
        while level.count > 32 {
            var above: [UInt8] = []
            above.reserveCapacity(level.count / 2)
            for start in stride(from: 0, to: level.count, by: 64) {
                var hash = SHA256()
                hash.update(data: nodePrefix)
                hash.update(data: level[start..<start + 64])
                append(hash.finalize(), to: &above)
            }
            level = above
        }
        guard let root = Digest(bytes: level) else { preconditionFailure("a hash has 32 bytes") }
        return root
    }

    private static func leafHash(_ entry: ArraySlice<UInt8>) -> SHA256Digest {
        var hash = SHA256()
        hash.update(data: leafPrefix)
        hash.update(data: entry)
        return hash.finalize()
    }

    private static func append(_ hash: SHA256Digest, to out: inout [UInt8]) {
        unsafe hash.withUnsafeBytes { unsafe out.append(contentsOf: $0) }
    }
}
