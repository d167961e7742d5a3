package import GloveboxCore

/// SHA-256 over bytes that arrive in pieces.
package struct SHA256Stream: ByteOutput, Sendable {
    /// From this many bytes on a piece is worth a change of threads.
    static let laneBytes = 1 << 18
    private var state = SHA256State()
    private var lane: DigestLane?
    private let mayUseLane: Bool
    private var turn = 0

    /// Starts with no bytes; large pieces go to a thread of their own where that is allowed.
    package init(parallel: Bool = false) { mayUseLane = parallel }

    package mutating func write(_ bytes: ArraySlice<UInt8>) {
        if writeAside(bytes) { return }
        settle()
        unsafe bytes.withUnsafeBytes { unsafe state.update($0) }
    }

    /// Writes the same bytes to three digests: those that have no thread of their own go side by side.
    static func write(_ bytes: ArraySlice<UInt8>, to first: inout Self, _ second: inout Self, _ third: inout Self) {
        guard SHA256State.isInterleaved else {
            first.write(bytes)
            second.write(bytes)
            third.write(bytes)
            return
        }
        first.settle()
        second.settle()
        // While two go here and one on another core, nobody reads; so every fourth piece goes through all three here.
        third.turn += 1
        if !third.turn.isMultiple(of: 4), third.writeAside(bytes) {
            unsafe bytes.withUnsafeBytes { unsafe SHA256State.update(&first.state, &second.state, $0) }
        } else {
            third.settle()
            unsafe bytes.withUnsafeBytes {
                unsafe SHA256State.update(&first.state, &second.state, &third.state, $0)
            }
        }
    }

    /// The digest of all bytes so far.
    package mutating func finish() -> Digest {
        settle()
        // A SHA-256 value has 32 bytes, so the other branch is never taken.
        return Digest(bytes: state.finish()) ?? .zero
    }

    /// The digest of bytes that are all at hand.
    package static func digest(_ bytes: [UInt8]) -> Digest {
        var stream = SHA256Stream()
        stream.write(bytes[...])
        return stream.finish()
    }

    /// Has another thread take the bytes, where that is allowed and worth it.
    private mutating func writeAside(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard mayUseLane, bytes.count >= Self.laneBytes else { return false }
        let lane = lane ?? DigestLane(state)
        self.lane = lane
        lane.write(bytes)
        return true
    }

    private mutating func settle() {
        guard let lane else { return }
        state = lane.settle()
        self.lane = nil
    }
}
