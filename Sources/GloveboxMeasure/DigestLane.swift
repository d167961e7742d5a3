internal import Dispatch
internal import Synchronization

/// One SHA-256 on a thread of its own, so that several digests of one large file are taken side by side.
///
/// Used only where a person's own program measures: a thread of the pool would keep the identity that its maker had for a
/// moment, so nothing that works under another identity may start one.
final class DigestLane: Sendable {
    // A few pieces in flight: a slow digest holds the reader back instead of filling the memory.
    private static let depth = 4
    private let state: Mutex<SHA256State>
    private let queue = DispatchQueue(label: "glovebox.digest")
    private let room = DispatchSemaphore(value: DigestLane.depth)

    /// Goes on from a digest begun elsewhere.
    init(_ state: SHA256State) { self.state = Mutex(state) }

    /// Takes bytes to be digested after all that came before.
    func write(_ bytes: ArraySlice<UInt8>) {
        room.wait()
        queue.async { [self] in
            state.withLock { state in unsafe bytes.withUnsafeBytes { unsafe state.update($0) } }
            room.signal()
        }
    }

    /// Waits for everything taken, and gives the digest so far.
    func settle() -> SHA256State { queue.sync { state.withLock { $0 } } }
}
