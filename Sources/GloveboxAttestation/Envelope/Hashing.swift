internal import Crypto
internal import GloveboxCore

/// SHA-256 as the digest type of the project; the only place of this target that names both `Digest` types.
enum Hashing {
    /// The SHA-256 of bytes.
    static func sha256(_ bytes: [UInt8]) -> GloveboxCore.Digest {
        guard let digest = GloveboxCore.Digest(bytes: Array(SHA256.hash(data: bytes))) else {
            preconditionFailure("SHA-256 has 32 bytes")
        }
        return digest
    }

    /// The SHA-1 of bytes, for key identifiers in certificates only (RFC 5280 section 4.2.1.2).
    static func sha1(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.SHA1.hash(data: bytes)) }

    /// Bytes from the system's generator.
    static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<count { bytes.append(UInt8.random(in: 0...255, using: &generator)) }
        return bytes
    }
}
