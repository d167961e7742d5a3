internal import GloveboxCore
internal import GloveboxTransparency

/// What start-up need not read again: the segments that are finished and published, and the names in them.
///
/// It says only from where to replay. Without it, or with a damaged one, the whole journal is replayed.
///
/// File: `GBXM`, u16be version, u64be size, u32be segments, each u64be first index, u32be capacity and u32be marks, each
/// u64be index and u32be offset; then the names of ``LogIndex``; u32be CRC-32C of all before.
struct ReplayMark: Sendable, Equatable {
    private static let magic = Array("GBXM".utf8)
    private static let version: UInt16 = 1
    private static let maxBytes = 1 << 30
    static let name = "mark"

    /// How many entries the segments hold.
    let size: UInt64
    let segments: [JournalSegment]
    let index: LogIndex

    /// The mark of a directory; nil when there is none that is whole.
    ///
    /// - Throws: `store.io`.
    static func read(_ directory: Directory) throws(GloveboxError) -> ReplayMark? {
        let path = "\(directory.path)/\(name)"
        guard try Directory.exists(path) else { return nil }
        let file = try OwnedFile(path, .read)
        return ReplayMark(bytes: try file.read(at: 0, count: min(maxBytes, file.status().size)))
    }

    /// Puts the mark in place.
    ///
    /// - Throws: `store.full`, `store.io`.
    func write(_ directory: Directory) throws(GloveboxError) {
        try directory.replace(Self.name, with: bytes, permissions: 0o600)
    }

    private var bytes: [UInt8] {
        var out = Self.magic + Self.version.bigEndianBytes + size.bigEndianBytes
        out += UInt32(segments.count).bigEndianBytes
        for segment in segments {
            out += segment.firstIndex.bigEndianBytes + UInt32(clamping: segment.capacity).bigEndianBytes
            out += UInt32(segment.marks.count).bigEndianBytes
            for mark in segment.marks { out += mark.index.bigEndianBytes + mark.offset.bigEndianBytes }
        }
        out += index.bytes
        return out + CRC32C.checksum(out).bigEndianBytes
    }

    private init?(bytes: [UInt8]) {
        guard bytes.count >= 4, bytes.starts(with: Self.magic),
            CRC32C.checksum(bytes.dropLast(4)) == UInt32(bigEndianBytes: bytes.suffix(4))
        else { return nil }
        var rest = bytes.dropLast(4).dropFirst(4)
        func take<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
            let count = Value.bitWidth / 8
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Value(bigEndianBytes: rest.prefix(count))
        }
        guard take(UInt16.self) == Self.version, let size = take(UInt64.self), let count = take(UInt32.self) else {
            return nil
        }
        var segments: [JournalSegment] = []
        for _ in 0..<count {
            guard let first = take(UInt64.self), let capacity = take(UInt32.self), let marks = take(UInt32.self) else {
                return nil
            }
            var list: [JournalSegment.Mark] = []
            for _ in 0..<marks {
                guard let index = take(UInt64.self), let offset = take(UInt32.self) else { return nil }
                list.append(.init(index: index, offset: offset))
            }
            segments.append(JournalSegment(firstIndex: first, capacity: Int(capacity), marks: list))
        }
        guard let index = LogIndex(bytes: rest) else { return nil }
        self.init(size: size, segments: segments, index: index)
    }

    /// Takes what a mark is to hold.
    init(size: UInt64, segments: [JournalSegment], index: LogIndex) {
        self.size = size
        self.segments = segments
        self.index = index
    }
}
