internal import GloveboxCore
internal import GloveboxTransparency

/// Reads a journal from its beginning, believing only what adds up.
///
/// Source: transparency-log specification, section 10.2. A record counts only when its checksum, its index, the root
/// before it and the root after it are all right.
struct JournalReplay {
    private static let maxSegmentBytes = 1 << 30

    private let directory: Directory
    private var segments: [Journal.Segment] = []
    /// Where the last good record ends in the last segment.
    private var end = 0
    /// What follows it there.
    private var tail: Tail = .clean
    private(set) var range = CompactRange()

    private enum Tail {
        case clean
        case torn
    }

    init(_ directory: Directory) { self.directory = directory }

    /// Replays every record.
    ///
    /// - Throws: `log.journal-corrupt` when a segment is missing or anything but the end of the last one is damaged;
    ///   `store.io`; what the closure throws.
    mutating func run(
        _ accept: (JournalRecord, [Journal.Place]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let names = try segmentNames()
        for (position, firstIndex) in names.enumerated() {
            let path = "\(directory.path)/\(firstIndex)\(Journal.suffix)"
            let file = try OwnedFile(path, .update)
            guard firstIndex == range.size else {
                throw Journal.corrupt(file, "starts at entry \(firstIndex), but \(range.size) is due")
            }
            let status = try file.status()
            guard status.isRegular, status.isPrivate, status.size <= Self.maxSegmentBytes else {
                throw Journal.corrupt(file, "is readable by others or has a size no segment has")
            }
            let bytes = try file.read(at: 0, count: status.size)
            segments.append(Journal.Segment(firstIndex: firstIndex, file: file, capacity: bytes.count))
            end = 0
            while let (record, next, offsets) = JournalRecord.decode(bytes, at: end), follows(record) {
                var places: [Journal.Place] = []
                for (item, offset) in zip(record.items, offsets) {
                    places.append(.init(segment: segments.count - 1, offset: offset, length: item.entry.count))
                    range.append(item.entry)
                }
                try accept(record, places)
                end = next
            }
            tail = bytes[end...].allSatisfy { $0 == 0 } ? .clean : .torn
            guard tail == .torn else { continue }
            guard position == names.count - 1 else { throw Journal.corrupt(file, "is damaged before its end") }
            guard !JournalRecord.stands(in: bytes, from: end) else {
                throw Journal.corrupt(file, "has a record that does not follow from those before it")
            }
        }
    }

    /// Compares the journal's end with what was signed.
    ///
    /// - Throws: `log.journal-corrupt` when a torn record had been signed; `log.rollback` when entries that had been
    ///   signed are gone without a trace.
    func check(signedSize: UInt64) throws(GloveboxError) {
        guard signedSize > range.size else { return }
        if tail == .torn, let last = segments.last {
            throw Journal.corrupt(last.file, "is damaged after entry \(range.size), and \(signedSize) were signed")
        }
        throw LogState.rollback("the journal has \(range.size) entries, but \(signedSize) were signed")
    }

    /// Hands the segments over; a torn record, which was never signed or acknowledged, is dropped.
    ///
    /// - Throws: `store.io`.
    func finish(into journal: inout Journal) throws(GloveboxError) {
        if tail == .torn, let last = segments.last { try last.file.zero(end..<last.capacity) }
        journal.adopt(segments, end: end)
    }

    private func follows(_ record: JournalRecord) -> Bool {
        guard record.firstIndex == range.size, record.prevRoot == range.root else { return false }
        var next = range
        for item in record.items { next.append(item.entry) }
        return next.root == record.newRoot
    }

    private func segmentNames() throws(GloveboxError) -> [UInt64] {
        var indexes: [UInt64] = []
        for name in try directory.names() where name.hasSuffix(Journal.suffix) {
            let digits = String(name.dropLast(Journal.suffix.utf8.count))
            guard let index = UInt64(digits), String(index) == digits else {
                throw GloveboxError("log.journal-corrupt", "\(Display.escape(name)) is no name of a journal segment")
            }
            indexes.append(index)
        }
        return indexes.sorted()
    }
}
