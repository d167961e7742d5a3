package import GloveboxCore

/// SHA-256 over bytes that arrive in pieces.
package struct SHA256Stream: ByteOutput, Sendable {
    private var state = SHA256State()

    /// Starts with no bytes.
    package init() {}

    package mutating func write(_ bytes: ArraySlice<UInt8>) { unsafe bytes.withUnsafeBytes { unsafe state.update($0) } }

    /// Writes bytes to a digest and others, as many, to another, side by side.
    static func write(
        _ bytes: ArraySlice<UInt8>,
        to first: inout Self,
        _ others: ArraySlice<UInt8>,
        to second: inout Self
    ) {
        unsafe bytes.withUnsafeBytes { one in
            unsafe others.withUnsafeBytes { two in
                unsafe SHA256State.update(&first.state, one, &second.state, two)
            }
        }
    }

    /// Writes the same bytes to three digests, side by side.
    static func write(_ bytes: ArraySlice<UInt8>, to first: inout Self, _ second: inout Self, _ third: inout Self) {
        unsafe bytes.withUnsafeBytes { unsafe SHA256State.update(&first.state, &second.state, &third.state, $0) }
    }

    /// The digest of all bytes so far.
    package mutating func finish() -> Digest {
        // A SHA-256 value has 32 bytes, so the other branch is never taken.
        Digest(bytes: state.finish()) ?? .zero
    }

    /// The digest of bytes that are all at hand.
    package static func digest(_ bytes: [UInt8]) -> Digest {
        var stream = SHA256Stream()
        stream.write(bytes[...])
        return stream.finish()
    }
}
