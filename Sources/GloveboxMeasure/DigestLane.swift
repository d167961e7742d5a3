internal import Dispatch
internal import Synchronization

/// The next bytes of one large file's digest, for whoever has time: the thread that reads the tree between two reads, or the
/// one that digests, once it needs the result.
final class DigestLane: Sendable {
    /// Rings when there is something to take.
    let bell = DispatchSemaphore(value: 0)
    private let state = Mutex(SHA256Stream())
    private let pending = Mutex<[ArraySlice<UInt8>]>([])

    /// Goes on from a digest begun elsewhere.
    func begin(_ state: SHA256Stream) { self.state.withLock { $0 = state } }

    /// Leaves bytes to be digested after all that came before.
    func write(_ bytes: ArraySlice<UInt8>) {
        pending.withLock { $0.append(bytes) }
        bell.signal()
    }

    /// Digests what was left first, if there is anything.
    func help() -> Bool {
        state.withLock { state in
            // Taken while the digest is held: so pieces stay in order, whoever comes.
            guard let bytes = pending.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return false }
            state.write(bytes)
            return true
        }
    }

    /// The digest of everything that was left here.
    func settle() -> SHA256Stream {
        while help() {}
        return state.withLock { $0 }
    }
}
