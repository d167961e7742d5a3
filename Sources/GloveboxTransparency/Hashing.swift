internal import CGloveboxDigest
package import Crypto

package import struct GloveboxCore.Digest

extension Digest {
    /// Keeps a finished hash.
    package init(_ hash: SHA256Digest) {
        unsafe self.init { out in unsafe hash.withUnsafeBytes { unsafe out.copyMemory(from: $0) } }
    }

    /// The SHA-256 of bytes.
    package init(hashing bytes: [UInt8]) { self = ShortHash.of([], bytes[...]) }
}

/// SHA-256 of what lies in memory, by the processor's own instructions where it has them; elsewhere, and for all that is
/// read piece by piece, swift-crypto's.
///
/// A log hashes many short things, of which swift-crypto's contexts on the heap would take the greater part.
package enum ShortHash {
    package static let isBuiltIn = glx_sha256_available()

    /// The hash of a prefix and bytes.
    static func of(_ prefix: [UInt8], _ bytes: ArraySlice<UInt8>, builtIn: Bool = isBuiltIn) -> Digest {
        guard builtIn else {
            var hash = SHA256()
            hash.update(data: prefix)
            hash.update(data: bytes)
            return Digest(hash.finalize())
        }
        return unsafe prefix.withUnsafeBytes { prefix in
            unsafe bytes.withUnsafeBytes { unsafe of(prefix, $0) }
        }
    }

    /// The hash of a prefix and two digests.
    static func of(_ prefix: [UInt8], _ left: Digest, _ right: Digest) -> Digest {
        guard isBuiltIn else { return of(prefix + left.bytes, right.bytes[...]) }
        return unsafe prefix.withUnsafeBytes { prefix in
            unsafe withUnsafeBytes(of: (left, right)) { unsafe of(prefix, $0) }
        }
    }

    /// The HMAC-SHA-256 of bytes, under a key of at most 64 bytes.
    ///
    /// Source: RFC 2104.
    package static func authentication(of bytes: [UInt8], key: [UInt8], builtIn: Bool = isBuiltIn) -> Digest {
        precondition(key.count <= 64, "a longer key would be hashed first")
        var pad = [UInt8](repeating: 0x36, count: 64)
        for at in key.indices { pad[at] ^= key[at] }
        let inner = of(pad, bytes[...], builtIn: builtIn)
        for at in pad.indices { pad[at] ^= 0x36 ^ 0x5c }
        guard builtIn else { return of(pad, inner.bytes[...], builtIn: false) }
        return unsafe pad.withUnsafeBytes { pad in unsafe withUnsafeBytes(of: inner) { unsafe of(pad, $0) } }
    }

    private static func of(_ prefix: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer) -> Digest {
        unsafe Digest { out in
            unsafe glx_sha256(
                out.baseAddress?.assumingMemoryBound(to: UInt8.self),
                prefix.baseAddress?.assumingMemoryBound(to: UInt8.self),
                prefix.count,
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                bytes.count
            )
        }
    }
}

/// The hashes of a Merkle tree log.
///
/// The first byte keeps leaves and inner nodes apart.
///
/// Source: RFC 6962 section 2.1; transparency-log specification, section 2.
package enum MerkleHash {
    /// The root of a tree without entries.
    package static let emptyRoot = Digest(hashing: [])

    private static let leafPrefix: [UInt8] = [0]
    private static let nodePrefix: [UInt8] = [1]

    /// The hash of an entry.
    package static func leaf(_ entry: [UInt8]) -> Digest { leaf(entry[...]) }

    /// The hash of an inner node.
    package static func node(_ left: Digest, _ right: Digest) -> Digest { ShortHash.of(nodePrefix, left, right) }

    /// The hashes of entries that lie in one file, end to end.
    static func leaves(_ bytes: [UInt8], _ entries: some Collection<Range<Int>>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(32 * entries.count)
        for entry in entries { leaf(bytes[entry]).write(to: &out) }
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
                ShortHash.of(nodePrefix, level[start..<start + 64]).write(to: &above)
            }
            level = above
        }
        guard let root = Digest(bytes: level) else { preconditionFailure("a hash has 32 bytes") }
        return root
    }

    /// The hash of an entry that lies among other bytes.
    static func leaf(_ entry: ArraySlice<UInt8>) -> Digest { ShortHash.of(leafPrefix, entry) }
}
