internal import GloveboxCore
internal import GloveboxTransparency

/// One batch of entries as it stands in the journal.
///
/// Written and synced, it is part of the log.
///
/// Source: transparency-log specification, section 10.
struct JournalRecord: Sendable {
    /// An entry with the private body sealed beside it; a report entry has none, and nor does an event that came back from a
    /// mirror.
    struct Item: Sendable {
        let entry: [UInt8]
        let sealedBody: [UInt8]
    }

    static let maxItems = 256
    static let maxSealedBytes = 1 << 17
    private static let magic = Array("GBXJ".utf8)
    private static let version: UInt16 = 1
    static let headerBytes = 4 + 2 + 8 + 4 + 8 + 32 + 32
    static let checksumBytes = 4

    let firstIndex: UInt64
    let prevRoot: Digest
    let newRoot: Digest
    let items: [Item]

    /// The size of the tree after this record.
    var newSize: UInt64 { firstIndex + UInt64(items.count) }

    /// The bytes of a record with their checksum.
    ///
    /// - Parameters:
    ///   - firstIndex: the index of its first entry.
    ///   - count: how many entries it has.
    ///   - prevRoot: the tree's root before it.
    ///   - newRoot: the root after it.
    ///   - items: entries and sealed bodies by turns, each by ``add(to:_:)``, in pieces.
    /// - Returns: the bytes.
    static func encode(
        firstIndex: UInt64,
        count: Int,
        prevRoot: Digest,
        newRoot: Digest,
        items: [[UInt8]]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(items.reduce(headerBytes + checksumBytes) { $0 + $1.count })
        bytes += magic
        version.writeBigEndian(to: &bytes)
        firstIndex.writeBigEndian(to: &bytes)
        UInt32(count).writeBigEndian(to: &bytes)
        (firstIndex + UInt64(count)).writeBigEndian(to: &bytes)
        newRoot.write(to: &bytes)
        prevRoot.write(to: &bytes)
        for piece in items { bytes += piece }
        CRC32C.checksum(bytes).writeBigEndian(to: &bytes)
        return bytes
    }

    /// Adds an entry or a sealed body as a record has it, its length first.
    ///
    /// - Returns: where the bytes stand without their length.
    static func add(
        to bytes: inout [UInt8],
        _ write: (inout [UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) -> Range<Int> {
        let start = bytes.count + 4
        bytes += [0, 0, 0, 0]
        try write(&bytes)
        let count = UInt32(bytes.count - start)
        for place in 0..<4 { bytes[start - 4 + place] = UInt8(truncatingIfNeeded: count >> UInt32(24 - 8 * place)) }
        return start..<bytes.count
    }

    /// What a record's first bytes say of it: its first index and how many entries it has; nil when they are none.
    static func opening(_ header: ArraySlice<UInt8>) -> (firstIndex: UInt64, count: UInt32)? {
        let at = header.startIndex
        guard header.count >= headerBytes, header.starts(with: magic),
            UInt16(bigEndianBytes: header[at + 4..<at + 6]) == version
        else { return nil }
        let firstIndex = UInt64(bigEndianBytes: header[at + 6..<at + 14])
        let count = UInt32(bigEndianBytes: header[at + 14..<at + 18])
        let newSize = UInt64(bigEndianBytes: header[at + 18..<at + 26])
        guard firstIndex < UInt64(Int64.max), (1...UInt32(maxItems)).contains(count),
            newSize == firstIndex + UInt64(count)
        else { return nil }
        return (firstIndex, count)
    }

    /// Reads the record that starts at an offset; nil when no whole record with a right checksum does.
    ///
    /// Roots are as written. Whoever replays the journal computes them anew.
    static func decode(_ bytes: [UInt8], at start: Int) -> (record: JournalRecord, end: Int)? {
        guard bytes.count - start >= headerBytes,
            let (firstIndex, count) = opening(bytes[start..<start + headerBytes]),
            let newRoot = Digest(bytes: Array(bytes[start + 26..<start + 58])),
            let prevRoot = Digest(bytes: Array(bytes[start + 58..<start + headerBytes]))
        else { return nil }
        var at = start + headerBytes
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count <= bytes.count - at else { return nil }
            at += count
            return bytes[at - count..<at]
        }
        var items: [Item] = []
        for _ in 0..<count {
            guard let length = take(4).map({ UInt32(bigEndianBytes: $0) }), length <= UInt32(LeafKind.maxBytes),
                let entry = take(Int(length)), let sealedLength = take(4).map({ UInt32(bigEndianBytes: $0) }),
                sealedLength <= UInt32(maxSealedBytes), let sealed = take(Int(sealedLength))
            else { return nil }
            items.append(Item(entry: Array(entry), sealedBody: Array(sealed)))
        }
        let body = bytes[start..<at]
        guard take(checksumBytes).map({ UInt32(bigEndianBytes: $0) }) == CRC32C.checksum(body) else { return nil }
        return (JournalRecord(firstIndex: firstIndex, prevRoot: prevRoot, newRoot: newRoot, items: items), at)
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
