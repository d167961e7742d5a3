package import GloveboxCore

internal import struct Crypto.SHA256

extension Digest {
    /// SHA-256 of bytes.
    package init(sha256 bytes: [UInt8]) { self.init(sha256Of: { $0(bytes) }) }

    /// SHA-256 of bytes that come in pieces.
    package init<E>(sha256Of pieces: (_ take: ([UInt8]) -> Void) throws(E) -> Void) throws(E) {
        var hash = SHA256()
        try pieces { hash.update(data: $0) }
        guard let digest = Digest(bytes: Array(hash.finalize())) else {
            preconditionFailure("SHA-256 gives 32 bytes")
        }
        self = digest
    }
}
