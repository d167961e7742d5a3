internal import GloveboxCore
internal import GloveboxTransparency

/// One batch of entries as it stands in the journal.
///
/// Written and synced, it is part of the log.
///
/// Source: transparency-log specification, section 10.
struct JournalRecord: Sendable {
    /// An entry with the private body sealed beside it; a report entry has none.
    struct Item: Sendable {
        let entry: [UInt8]
        let sealedBody: [UInt8]
    }

    static let maxItems = 256
    static let maxSealedBytes = 1 << 17
    private static let magic = Array("GBXJ".utf8)
    private static let version: UInt16 = 1
    private static let headerBytes = 4 + 2 + 8 + 4 + 8 + 32 + 32

    let firstIndex: UInt64
    let prevRoot: Digest
    let newRoot: Digest
    let items: [Item]

    /// The size of the tree after this record.
    var newSize: UInt64 { firstIndex + UInt64(items.count) }

    /// The bytes with their checksum, and where in them each entry starts.
    func encode() -> (bytes: [UInt8], entryOffsets: [Int]) {
        var bytes = Self.magic + Self.version.bigEndianBytes + firstIndex.bigEndianBytes
        bytes += UInt32(items.count).bigEndianBytes + newSize.bigEndianBytes + newRoot.bytes + prevRoot.bytes
        var offsets: [Int] = []
        for item in items {
            bytes += UInt32(item.entry.count).bigEndianBytes
            offsets.append(bytes.count)
            bytes += item.entry + UInt32(item.sealedBody.count).bigEndianBytes + item.sealedBody
        }
        return (bytes + CRC32C.checksum(bytes).bigEndianBytes, offsets)
    }

    /// Reads the record that starts at an offset; nil when no whole record with a right checksum does.
    ///
    /// Roots are as written. Whoever replays the journal computes them anew.
    static func decode(_ bytes: [UInt8], at start: Int) -> (record: JournalRecord, end: Int, entryOffsets: [Int])? {
        var at = start
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count <= bytes.count - at else { return nil }
            at += count
            return bytes[at - count..<at]
        }
        guard take(4).map({ $0.elementsEqual(magic) }) == true, take(2).map({ UInt16(bigEndianBytes: $0) }) == version,
            let firstIndex = take(8).map({ UInt64(bigEndianBytes: $0) }), firstIndex < UInt64(Int64.max),
            let count = take(4).map({ UInt32(bigEndianBytes: $0) }), (1...UInt32(maxItems)).contains(count),
            let newSize = take(8).map({ UInt64(bigEndianBytes: $0) }), newSize == firstIndex + UInt64(count),
            let newRoot = take(32).flatMap({ Digest(bytes: Array($0)) }),
            let prevRoot = take(32).flatMap({ Digest(bytes: Array($0)) })
        else { return nil }
        var items: [Item] = []
        var offsets: [Int] = []
        for _ in 0..<count {
            guard let length = take(4).map({ UInt32(bigEndianBytes: $0) }), length <= UInt32(LeafKind.maxBytes) else {
                return nil
            }
            offsets.append(at)
            guard let entry = take(Int(length)), let sealedLength = take(4).map({ UInt32(bigEndianBytes: $0) }),
                sealedLength <= UInt32(maxSealedBytes), let sealed = take(Int(sealedLength))
            else { return nil }
            items.append(Item(entry: Array(entry), sealedBody: Array(sealed)))
        }
        let body = bytes[start..<at]
        guard take(4).map({ UInt32(bigEndianBytes: $0) }) == CRC32C.checksum(body) else { return nil }
        let record = JournalRecord(firstIndex: firstIndex, prevRoot: prevRoot, newRoot: newRoot, items: items)
        return (record, at, offsets)
    }

    /// Whether a whole record starts anywhere in the bytes from an offset on.
    static func stands(in bytes: [UInt8], from start: Int) -> Bool {
        var at = start
        while at + headerBytes < bytes.count {
            if bytes[at] == magic[0], bytes[at + 1] == magic[1], decode(bytes, at: at) != nil { return true }
            at += 1
        }
        return false
    }
}
