internal import GloveboxCore
internal import GloveboxTransparency

/// Reads a journal from its beginning or from a mark on, believing only what adds up.
///
/// Source: transparency-log specification, section 10.2. A record counts only when its checksum, its index, the root
/// before it and the root after it are all right.
struct JournalReplay {
    private static let maxSegmentBytes = 1 << 30

    private let directory: Directory
    private let segmentBytes: Int
    private(set) var segments: [JournalSegment]
    /// The tree over what was read.
    private(set) var stack: TileStack
    private(set) var index: LogIndex
    /// Roots at the sizes asked for, as far as they were passed.
    private var roots: [UInt64: Digest] = [:]
    /// Where the last good record ends in the last segment.
    private var end = 0
    /// Whether something that is no record follows it there.
    private var isTorn = false

    /// Starts at a mark whose tiles are read from where they are stored, or at the beginning.
    ///
    /// - Throws: what `stored` throws.
    init(
        _ directory: Directory,
        segmentBytes: Int,
        from mark: ReplayMark?,
        stored: TileStack.Stored
    ) throws(GloveboxError) {
        self.directory = directory
        self.segmentBytes = segmentBytes
        segments = mark?.segments ?? []
        index = mark?.index ?? LogIndex()
        end = segments.last?.capacity ?? 0
        stack = try TileStack(size: mark?.size ?? 0, stored: stored)
    }

    /// Replays every record.
    ///
    /// - Parameters:
    ///   - sizes: where roots are asked for.
    ///   - published: tiles of a log of that size are stored and need not be kept.
    /// - Throws: `log.journal-corrupt` when a segment is missing or anything but the end of the last one is damaged;
    ///   `store.io`.
    mutating func run(rootsAt sizes: Set<UInt64>, published: UInt64) throws(GloveboxError) {
        let names = try firstIndexes()
        guard names.starts(with: segments.map(\.firstIndex)) else {
            throw Journal.corrupt(directory.path, "lacks a segment")
        }
        try checkFinished()
        roots[stack.range.size] = stack.range.root
        let unread = names[segments.count...]
        for firstIndex in unread {
            try replay(segment: firstIndex, isLast: firstIndex == unread.last, rootsAt: sizes)
            stack.forget(upTo: published)
        }
    }

    /// The root over the first `size` entries, when a record ends there.
    func root(at size: UInt64) -> Digest? { roots[size] }

    /// Compares the journal's end with what was signed.
    ///
    /// - Throws: `log.journal-corrupt` when a torn record had been signed; `log.rollback` when entries that had been
    ///   signed are gone without a trace.
    func check(signedSize: UInt64) throws(GloveboxError) {
        let size = stack.range.size
        guard signedSize > size else { return }
        if isTorn, let last = segments.last {
            throw Journal.corrupt(path(last), "is damaged after entry \(size), and \(signedSize) were signed")
        }
        throw LogRecovery.rollback("the journal has \(size) entries, but \(signedSize) were signed")
    }

    /// Makes the journal that goes on from here; a torn record, which was never signed or acknowledged, is dropped.
    ///
    /// - Throws: `store.io`.
    func journal() throws(GloveboxError) -> Journal {
        if isTorn, let last = segments.last { try OwnedFile(path(last), .update).zero(end..<last.capacity) }
        try directory.removeTemporaries()
        return try Journal(directory, segmentBytes: segmentBytes, segments: segments, end: end)
    }

    private mutating func replay(
        segment firstIndex: UInt64,
        isLast: Bool,
        rootsAt sizes: Set<UInt64>
    ) throws(GloveboxError) {
        var segment = JournalSegment(firstIndex: firstIndex, capacity: 0)
        let file = try OwnedFile(path(segment), .read)
        guard firstIndex == stack.range.size else {
            throw Journal.corrupt(file.path, "starts at entry \(firstIndex), but \(stack.range.size) is due")
        }
        let status = try file.status()
        guard status.isRegular, status.isPrivate, status.size <= Self.maxSegmentBytes else {
            throw Journal.corrupt(file.path, "is readable by others or has a size no segment has")
        }
        let bytes = try file.read(at: 0, count: status.size)
        segment = JournalSegment(firstIndex: firstIndex, capacity: bytes.count)
        end = 0
        while let (record, next) = JournalRecord.decode(bytes, at: end), try follows(record) {
            segment.note(recordAt: end, firstIndex: record.firstIndex)
            end = next
            if sizes.contains(record.newSize) { roots[record.newSize] = record.newRoot }
        }
        segments.append(segment)
        isTorn = !bytes[end...].allSatisfy { $0 == 0 }
        guard isTorn else { return }
        guard isLast else { throw Journal.corrupt(file.path, "is damaged before its end") }
        guard !JournalRecord.stands(in: bytes, from: end) else {
            throw Journal.corrupt(file.path, "has a record that does not follow from those before it")
        }
    }

    /// Takes a record in when it follows from those before it.
    private mutating func follows(_ record: JournalRecord) throws(GloveboxError) -> Bool {
        guard record.firstIndex == stack.range.size, record.prevRoot == stack.range.root else { return false }
        let leaves = record.items.map { TileStack.Leaf($0.entry) }
        var range = stack.range
        for leaf in leaves { range.append(leaf) }
        guard range.root == record.newRoot else { return false }
        for (offset, item) in record.items.enumerated() {
            try index.note(item.entry, index: record.firstIndex + UInt64(offset))
            stack.append(leaves[offset])
        }
        return true
    }

    /// Whether the segments that are not read are there, with their sizes.
    private func checkFinished() throws(GloveboxError) {
        for segment in segments {
            let status = try OwnedFile(path(segment), .read).status()
            guard status.isRegular, status.isPrivate, status.size == segment.capacity else {
                throw Journal.corrupt(path(segment), "has another size than when it was finished")
            }
        }
    }

    private func path(_ segment: JournalSegment) -> String { "\(directory.path)/\(segment.name)" }

    private func firstIndexes() throws(GloveboxError) -> [UInt64] {
        var indexes: [UInt64] = []
        for name in try directory.names() where name.hasSuffix(JournalSegment.suffix) {
            let digits = String(name.dropLast(JournalSegment.suffix.utf8.count))
            guard let index = UInt64(digits), String(index) == digits else {
                throw GloveboxError("log.journal-corrupt", "\(Display.escape(name)) is no name of a journal segment")
            }
            indexes.append(index)
        }
        return indexes.sorted()
    }
}
