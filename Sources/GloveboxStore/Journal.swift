internal import GloveboxCore
internal import Synchronization

/// The write-ahead segments: `journal/<first index>.wal`, the source of truth of everything in the state directory.
///
/// One thread at a time appends; any number read what is there.
final class Journal: Sendable {
    /// Room that each segment keeps for the event that says why the log stopped.
    static let reserve = 1 << 14
    /// Segments made ahead at most.
    private static let mostSpares = 6

    /// What is known of the segments.
    private struct State: Sendable {
        var segments: [JournalSegment]
        var file: OwnedFile?
        /// Where the next record goes in the last segment.
        var end: Int
        /// Segments made ahead, under temporary names.
        var spares: [Spare] = []
        /// How many segments were begun since some were last made ahead.
        var begun = 0
    }

    private struct Spare: Sendable {
        let file: OwnedFile
        let capacity: Int
    }

    let directory: Directory
    /// Room a new segment has, in bytes.
    private let segmentBytes: Int
    private let state: Mutex<State>

    /// Goes on with the segments found at start-up; `end` is where the last record ends in the last one.
    init(
        _ directory: Directory,
        segmentBytes: Int,
        segments: [JournalSegment],
        end: Int
    ) throws(GloveboxError) {
        self.directory = directory
        self.segmentBytes = segmentBytes
        var file: OwnedFile?
        if let last = segments.last { file = try OwnedFile("\(directory.path)/\(last.name)", .update) }
        state = Mutex(State(segments: segments, file: file, end: end))
    }

    /// The segments, the one being written last.
    var segments: [JournalSegment] { state.withLock { $0.segments } }

    /// Makes room for a record, in this segment or a new one.
    ///
    /// - Parameters:
    ///   - count: bytes of the record.
    ///   - firstIndex: its first index.
    ///   - isLast: whether the record may take what the segment keeps back.
    /// - Returns: where to write it.
    /// - Throws: `store.full` when there is no room; nothing is lost then. `store.io`.
    func makeRoom(_ count: Int, firstIndex: UInt64, isLast: Bool) throws(GloveboxError) -> (OwnedFile, Int) {
        let (file, end, room) = state.withLock { state in
            (state.file, state.end, (state.segments.last?.capacity ?? 0) - state.end)
        }
        if let file, room >= count + (isLast ? 0 : Self.reserve) { return (file, end) }
        return (try roll(to: firstIndex, room: count + Self.reserve), 0)
    }

    /// Writes a record where ``makeRoom(_:firstIndex:isLast:)`` said, with zeros up to the end of its last page, which is
    /// nowhere else than on the disk.
    ///
    /// - Throws: `store.io`.
    func write(_ record: [UInt8], to file: OwnedFile, at offset: Int) throws(GloveboxError) {
        let end = offset + record.count
        let capacity = state.withLock { $0.segments.last?.capacity } ?? end
        let pageEnd = (end + OwnedFile.pageBytes - 1) / OwnedFile.pageBytes * OwnedFile.pageBytes
        try file.write(record + [UInt8](repeating: 0, count: min(pageEnd, capacity) - end), at: offset)
    }

    /// Takes note of a record that is durable.
    func note(recordAt offset: Int, count: Int, firstIndex: UInt64) {
        state.withLock { state in
            state.segments[state.segments.count - 1].note(recordAt: offset, firstIndex: firstIndex)
            state.end = offset + count
        }
    }

    /// Makes the next segment ahead of time, where segments are large enough for that to pay; more of them while many are
    /// begun from one time to the next.
    ///
    /// - Throws: `store.full`, `store.io`.
    func prepare() throws(GloveboxError) {
        guard segmentBytes >= 4 * Self.reserve else { return }
        let missing = state.withLock { state in
            defer { state.begun = 0 }
            return min(Self.mostSpares, 1 + state.begun) - state.spares.count
        }
        for _ in 0..<max(0, missing) {
            let spare = try make(segmentBytes)
            state.withLock { $0.spares.append(spare) }
        }
    }

    /// Reads entries with their sealed bodies, all of a range or those that are wanted.
    ///
    /// - Throws: `store.io`, `log.journal-corrupt`.
    func read(
        _ range: Range<UInt64>,
        where isWanted: (UInt64) -> Bool = { _ in true },
        _ visit: (JournalRecord.Item) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        try walk(range) { (reader, index) throws(GloveboxError) in
            if isWanted(index) { try visit(reader.next()) } else { try reader.skip() }
        }
    }

    /// Reads entries without their bodies, each where it lies in what was read.
    ///
    /// - Throws: `store.io`, `log.journal-corrupt`.
    func readEntries(
        _ range: Range<UInt64>,
        _ visit: (ArraySlice<UInt8>) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        try walk(range) { (reader, _) throws(GloveboxError) in try visit(reader.nextEntry()) }
    }

    /// Has every entry of a range passed by, whatever segments they are in.
    private func walk(
        _ range: Range<UInt64>,
        _ step: (inout JournalReader, UInt64) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        var index = range.lowerBound
        while index < range.upperBound {
            let (segment, end) = state.withLock { state in
                let after = partitioning(state.segments) { $0.firstIndex > index }
                let end = after < state.segments.count ? state.segments[after].firstIndex : .max
                return (state.segments[after - 1], end)
            }
            let file = try OwnedFile("\(directory.path)/\(segment.name)", .read)
            var reader = JournalReader(file, at: segment.mark(before: index))
            while reader.index < index { try reader.skip() }
            while index < min(end, range.upperBound) {
                try step(&reader, index)
                index += 1
            }
        }
    }

    /// Removes what was made ahead.
    func close() {
        for spare in state.withLock({ $0.spares }) { Directory.discard(spare.file.path) }
    }

    static func corrupt(_ path: String, _ what: String) -> GloveboxError {
        GloveboxError(
            "log.journal-corrupt",
            "\(Display.escape(path)) \(what)",
            hint: "fetch the missing entries from a mirror or a backup; nothing was changed on disk"
        )
    }

    private func roll(to firstIndex: UInt64, room: Int) throws(GloveboxError) -> OwnedFile {
        let made = state.withLock { state in
            state.begun += 1
            return room <= segmentBytes ? state.spares.popLast() : nil
        }
        let spare: Spare
        if let made { spare = made } else { spare = try make(max(segmentBytes, room)) }
        let segment = JournalSegment(firstIndex: firstIndex, capacity: spare.capacity)
        let isEmptyLeftOver = segments.last?.firstIndex == firstIndex
        let exists = try Directory.exists("\(directory.path)/\(segment.name)")
        guard isEmptyLeftOver || !exists else {
            throw GloveboxError("store.io", "\(Display.escape(directory.path))/\(segment.name) exists already")
        }
        try directory.rename(spare.file.path, to: segment.name)
        state.withLock { state in
            if isEmptyLeftOver { state.segments.removeLast() }
            state.segments.append(segment)
            state.file = spare.file
            state.end = 0
        }
        return spare.file
    }

    private func make(_ capacity: Int) throws(GloveboxError) -> Spare {
        let path = "\(directory.path)/\(Directory.temporaryName())"
        do {
            let file = try OwnedFile(path, .create(permissions: 0o600))
            try file.reserve(capacity)
            return Spare(file: file, capacity: capacity)
        } catch {
            Directory.discard(path)
            throw error
        }
    }
}
