package import GloveboxCore

internal import struct Crypto.SHA256

/// SHA-256 over bytes that arrive in pieces.
package struct SHA256Stream: ByteOutput, Sendable {
    /// From this many bytes on a piece is worth a change of threads.
    static let laneBytes = 1 << 18
    private var state = SHA256()
    private var lane: DigestLane?
    private let mayUseLane: Bool

    /// Starts with no bytes; large pieces go to a thread of their own where that is allowed.
    package init(parallel: Bool = false) { mayUseLane = parallel }

    package mutating func write(_ bytes: ArraySlice<UInt8>) {
        if mayUseLane, bytes.count >= Self.laneBytes {
            let lane = lane ?? DigestLane(state)
            self.lane = lane
            lane.write(bytes)
            return
        }
        settle()
        unsafe bytes.withUnsafeBytes { unsafe state.update(bufferPointer: $0) }
    }

    /// The digest of all bytes so far.
    package mutating func finish() -> Digest {
        settle()
        // A SHA-256 value has 32 bytes, so the other branch is never taken.
        return Digest(bytes: Array(state.finalize())) ?? .zero
    }

    /// The digest of bytes that are all at hand.
    package static func digest(_ bytes: [UInt8]) -> Digest {
        var stream = SHA256Stream()
        stream.write(bytes[...])
        return stream.finish()
    }

    private mutating func settle() {
        guard let lane else { return }
        state = lane.settle()
        self.lane = nil
    }
}
