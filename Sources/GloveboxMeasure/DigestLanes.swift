internal import Dispatch
internal import Synchronization

/// The digests of one large file's bytes, for the thread that reads the tree and the one that digests it together.
///
/// Each digest takes the pieces in order, and each thread the next piece of the digests that are furthest behind: of two at
/// once, which take little longer than one, or of one alone. Who is alone gets ahead; then another digest is left alone, so
/// that in the end all three are done, and both threads had work all the time.
final class DigestLanes: Sendable {
    /// How far the last of them may fall behind, in pieces.
    static let depth = DirectoryWalker.ahead - 2
    // How far one may be ahead before another is left alone, in pieces: seldom, as for a moment each thread then has only one.
    private static let lead = 6

    private let reader = DispatchSemaphore(value: 0)
    private let digester = DispatchSemaphore(value: 0)
    private let state = Mutex(State())

    private struct Lane: Sendable {
        var stream = SHA256Stream()
        /// How many pieces it has.
        var done = 0
        var isHeld = false
    }

    private struct State: Sendable {
        var lanes = [Lane(), Lane(), Lane()]
        /// Pieces that some digest still lacks, and how many were left before them.
        var pieces: [ArraySlice<UInt8>] = []
        var dropped = 0
        // When a piece was begun that a thread takes alone, and how long the last such one took.
        var begun = ContinuousClock.now
        var took = Duration.zero
        // Whom to wake once something changed.
        var readerWaits = false
        var digesterWaits = false

        var left: Int { dropped + pieces.count }
        func piece(of lane: Int) -> ArraySlice<UInt8> { pieces[lanes[lane].done - dropped] }

        /// The lanes to go on with, one or two; none when what is left is in other hands.
        func next() -> ArraySlice<Int> {
            let free = lanes.indices.filter { !lanes[$0].isHeld && lanes[$0].done < left }
                .sorted { lanes[$0].done < lanes[$1].done }
            guard free.count == 2, let alone = lanes.first(where: \.isHeld) else { return free.prefix(2) }
            let lead = alone.done - lanes[free[0]].done
            let changes = lead >= DigestLanes.lead && (isNearlyDone || lead >= 2 * DigestLanes.lead)
            return free.prefix(changes ? 1 : 2)
        }

        /// Whether who is alone is soon here again, to take two.
        private var isNearlyDone: Bool { (ContinuousClock.now - begun) * 4 >= took * 3 }

        mutating func drop() {
            let done = lanes.map(\.done).min() ?? 0
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
        let taken = state.withLock { state in
            let lanes = state.next()
            if lanes.count == 1 { state.begun = .now }
            return lanes.map { lane in
                state.lanes[lane].isHeld = true
                return (lane: lane, stream: state.lanes[lane].stream, bytes: state.piece(of: lane))
            }
        }
        guard let first = taken.first else { return false }
        var streams = taken.map(\.stream)
        if taken.count == 1 {
            streams[0].write(first.bytes)
        } else {
            var (one, two) = (streams[0], streams[1])
            SHA256Stream.write(first.bytes, to: &one, taken[1].bytes, to: &two)
            streams = [one, two]
        }
        let wakes = state.withLock { state in
            for (lane, stream) in zip(taken.map(\.lane), streams) {
                state.lanes[lane] = Lane(stream: stream, done: state.lanes[lane].done + 1)
            }
            state.drop()
            if taken.count == 1 { state.took = .now - state.begun }
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
            state.readerWaits = !isReady() && state.next().isEmpty
            return state.readerWaits
        }
        if waits { reader.wait() }
    }

    private func help(until count: Int) {
        while pieceCount > count {
            if help() { continue }
            let waits = state.withLock { state in
                state.digesterWaits = state.pieces.count > count && state.next().isEmpty
                return state.digesterWaits
            }
            if waits { digester.wait() }
        }
    }
}
