internal import GloveboxCore
internal import GloveboxTransparency

/// Walks through the records of one segment.
///
/// It trusts lengths only as far as the file reaches; whoever uses the entries compares their hashes.
struct JournalReader {
    private static let windowBytes = 1 << 15

    private let file: OwnedFile
    private var window: [UInt8] = []
    private var windowStart = 0
    private var offset: Int
    private(set) var index: UInt64
    /// Entries that are left of the record.
    private var left: UInt32 = 0

    /// Starts at a record.
    init(_ file: OwnedFile, at mark: JournalSegment.Mark) {
        self.file = file
        self.offset = Int(mark.offset)
        self.index = mark.index
    }

    /// Passes over an entry.
    mutating func skip() throws(GloveboxError) {
        try enterRecord()
        for _ in 0..<2 { offset += 4 + Int(try length()) }
        leaveEntry()
    }

    /// Reads an entry with its sealed body.
    ///
    /// - Throws: `log.journal-corrupt`, `store.io`.
    mutating func next() throws(GloveboxError) -> JournalRecord.Item {
        try enterRecord()
        let item = try JournalRecord.Item(entry: Array(part()), sealedBody: Array(part()))
        leaveEntry()
        return item
    }

    /// Reads an entry and passes over its sealed body.
    ///
    /// - Throws: `log.journal-corrupt`, `store.io`.
    mutating func nextEntry() throws(GloveboxError) -> ArraySlice<UInt8> {
        try enterRecord()
        let entry = try part()
        offset += 4 + Int(try length())
        leaveEntry()
        return entry
    }

    /// Reads what stands after its length.
    private mutating func part() throws(GloveboxError) -> ArraySlice<UInt8> {
        let count = Int(try length())
        let part = try bytes(at: offset + 4, count: count)
        offset += 4 + count
        return part
    }

    private mutating func enterRecord() throws(GloveboxError) {
        guard left == 0 else { return }
        let header = try bytes(at: offset, count: JournalRecord.headerBytes)
        guard let (firstIndex, count) = JournalRecord.opening(header), firstIndex == index else {
            throw Journal.corrupt(file.path, "has changed: entry \(index) is not where it was written")
        }
        left = count
        offset += JournalRecord.headerBytes
    }

    private mutating func leaveEntry() {
        left -= 1
        index += 1
        if left == 0 { offset += JournalRecord.checksumBytes }
    }

    private mutating func length() throws(GloveboxError) -> UInt32 {
        let length = UInt32(bigEndianBytes: try bytes(at: offset, count: 4))
        guard length <= UInt32(JournalRecord.maxSealedBytes) else { throw Journal.corrupt(file.path, "has changed") }
        return length
    }

    private mutating func bytes(at start: Int, count: Int) throws(GloveboxError) -> ArraySlice<UInt8> {
        if start < windowStart || start + count > windowStart + window.count {
            window = try file.read(at: start, count: max(count, Self.windowBytes))
            windowStart = start
            guard window.count >= count else { throw Journal.corrupt(file.path, "ends inside an entry") }
        }
        return window[start - windowStart..<start - windowStart + count]
    }
}
