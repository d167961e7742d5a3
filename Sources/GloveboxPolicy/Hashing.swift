package import GloveboxCore

internal import struct Crypto.SHA256

extension Digest {
    /// SHA-256 of bytes.
    package init(sha256 bytes: [UInt8]) {
        guard let digest = Digest(bytes: Array(SHA256.hash(data: bytes))) else {
            preconditionFailure("SHA-256 gives 32 bytes")
        }
        self = digest
    }
}
