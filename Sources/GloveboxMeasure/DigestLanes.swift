internal import Dispatch
internal import Synchronization

/// The digests of one large file's bytes, for the thread that reads the tree and the one that digests it together.
///
/// Each digest takes the pieces in order, and each thread the next piece of the two digests that are furthest behind, at once,
/// which takes hardly longer than one; of one where no other is left. Who reads meanwhile falls behind, and so gets the
/// other thread's help: both have work all the time.
final class DigestLanes: Sendable {
    /// How far the last of them may fall behind, in pieces.
    static let depth = DirectoryWalker.ahead - 2

    private let reader = DispatchSemaphore(value: 0)
    private let digester = DispatchSemaphore(value: 0)
    private let state = Mutex(State())

    private struct Lane: Sendable {
        var stream = SHA256Stream()
        /// How many pieces it has.
        var done = 0
        var isHeld = false
    }

    /// A lane's next piece.
    private struct Turn: Sendable {
        let lane: Int
        var stream: SHA256Stream
        let bytes: ArraySlice<UInt8>
    }

    private struct State: Sendable {
        var lanes = [Lane(), Lane(), Lane()]
        /// Pieces that some digest still lacks, and how many were left before them.
        var pieces: [ArraySlice<UInt8>] = []
        var dropped = 0
        // Whom to wake once something changed.
        var readerWaits = false
        var digesterWaits = false

        var left: Int { dropped + pieces.count }

        /// The lanes to go on with: the one furthest behind and the next; nil when what is left is in other hands.
        func next() -> (first: Int, second: Int?)? {
            var (first, second): (Int?, Int?)
            for lane in lanes.indices where !lanes[lane].isHeld && lanes[lane].done < left {
                if let slowest = first, lanes[slowest].done <= lanes[lane].done {
                    if second.map({ lanes[lane].done < lanes[$0].done }) ?? true { second = lane }
                } else {
                    (first, second) = (lane, first)
                }
            }
            return first.map { ($0, second) }
        }

        /// Takes the next piece of a lane out of other hands.
        mutating func take(_ lane: Int) -> Turn {
            lanes[lane].isHeld = true
            return Turn(lane: lane, stream: lanes[lane].stream, bytes: pieces[lanes[lane].done - dropped])
        }

        /// Takes in what came of it.
        mutating func give(_ turn: Turn) {
            lanes[turn.lane] = Lane(stream: turn.stream, done: lanes[turn.lane].done + 1)
        }

        mutating func drop() {
            let done = min(lanes[0].done, lanes[1].done, lanes[2].done)
            pieces.removeFirst(done - dropped)
            dropped = done
        }
    }

    /// Goes on from digests begun elsewhere.
    func begin(_ streams: SHA256Stream...) {
        state.withLock { state in
            state.lanes = streams.map { Lane(stream: $0) }
            (state.pieces, state.dropped) = ([], 0)
        }
    }

    /// Leaves bytes to be digested after all that came before, and returns when the digests are not far behind.
    func write(_ bytes: ArraySlice<UInt8>) {
        state.withLock { $0.pieces.append(bytes) }
        wakeReader()
        help(until: Self.depth)
    }

    /// Digests a piece, if one is left that nobody else is at.
    func help() -> Bool {
        let taken = state.withLock { state -> (first: Turn, second: Turn?)? in
            guard let next = state.next() else { return nil }
            let first = state.take(next.first)
            return (first, next.second.map { state.take($0) })
        }
        guard var (first, second) = taken else { return false }
        if var other = second {
            SHA256Stream.write(first.bytes, to: &first.stream, other.bytes, to: &other.stream)
            second = other
        } else {
            first.stream.write(first.bytes)
        }
        let (one, other) = (first, second)
        let wakes = state.withLock { state in
            state.give(one)
            if let other { state.give(other) }
            state.drop()
            defer { state.digesterWaits = false }
            return state.digesterWaits
        }
        if wakes { digester.signal() }
        wakeReader()
        return true
    }

    /// The digests of everything that was left here.
    func settle() -> [SHA256Stream] {
        help(until: 0)
        return state.withLock { $0.lanes.map(\.stream) }
    }

    /// How many pieces some digest still lacks.
    var pieceCount: Int { state.withLock { $0.pieces.count } }

    /// Wakes the reader, if it waits.
    func wakeReader() {
        let waits = state.withLock { state in
            defer { state.readerWaits = false }
            return state.readerWaits
        }
        if waits { reader.signal() }
    }

    /// Lets the reader wait until it is woken, unless it has something to do, or what it waits for has come.
    func wait(unless isReady: () -> Bool) {
        let waits = state.withLock { state in
            state.readerWaits = !isReady() && state.next() == nil
            return state.readerWaits
        }
        if waits { reader.wait() }
    }

    private func help(until count: Int) {
        while pieceCount > count {
            if help() { continue }
            let waits = state.withLock { state in
                state.digesterWaits = state.pieces.count > count && state.next() == nil
                return state.digesterWaits
            }
            if waits { digester.wait() }
        }
    }
}
