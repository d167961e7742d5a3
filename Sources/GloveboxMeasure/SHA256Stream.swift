package import GloveboxCore

internal import struct Crypto.SHA256

/// SHA-256 over bytes that arrive in pieces.
package struct SHA256Stream: ByteOutput {
    private var state = SHA256()

    /// Starts with no bytes.
    package init() {}

    package mutating func write(_ bytes: ArraySlice<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe state.update(bufferPointer: $0) }
    }

    /// The digest of all bytes so far.
    package func finish() -> Digest {
        // A SHA-256 value has 32 bytes, so the other branch is never taken.
        Digest(bytes: Array(state.finalize())) ?? .zero
    }

    /// The digest of bytes that are all at hand.
    package static func digest(_ bytes: [UInt8]) -> Digest {
        var stream = SHA256Stream()
        stream.write(bytes[...])
        return stream.finish()
    }
}
