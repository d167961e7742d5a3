internal import GloveboxCore
internal import GloveboxTransparency

/// The write-ahead segments: `journal/<first index>.wal`, the source of truth of everything in the state directory.
struct Journal: Sendable {
    /// One file.
    struct Segment: Sendable {
        let firstIndex: UInt64
        let file: OwnedFile
        let capacity: Int
    }

    /// Where an entry stands.
    struct Place: Sendable {
        let segment: Int
        let offset: Int
        let length: Int
    }

    static let suffix = ".wal"

    let directory: Directory
    /// Room a new segment reserves, in bytes.
    let segmentBytes: Int
    private(set) var segments: [Segment] = []
    /// Where the next record goes in the last segment.
    private var end = 0

    init(_ directory: Directory, segmentBytes: Int) {
        self.directory = directory
        self.segmentBytes = segmentBytes
    }

    /// Takes over the segments found at start-up.
    mutating func adopt(_ segments: [Segment], end: Int) {
        self.segments = segments
        self.end = end
    }

    /// Writes a record and makes it durable: the commit point.
    ///
    /// - Returns: where its entries stand.
    /// - Throws: `store.io`. The journal must not be written again after that.
    mutating func append(_ record: JournalRecord) throws(GloveboxError) -> [Place] {
        let (bytes, offsets) = record.encode()
        if segments.last.map({ $0.capacity - end < bytes.count }) ?? true {
            try roll(to: record.firstIndex, room: bytes.count)
        }
        guard let segment = segments.last else { preconditionFailure("a segment was just made") }
        try segment.file.write(bytes, at: end)
        try segment.file.syncData()
        let start = end
        end += bytes.count
        var places: [Place] = []
        for (item, offset) in zip(record.items, offsets) {
            places.append(Place(segment: segments.count - 1, offset: start + offset, length: item.entry.count))
        }
        return places
    }

    /// Reads the entry at a place, with its sealed body.
    ///
    /// - Throws: `store.io`, `log.journal-corrupt`.
    func read(_ place: Place) throws(GloveboxError) -> JournalRecord.Item {
        let file = segments[place.segment].file
        let head = try file.read(at: place.offset, count: place.length + 4)
        guard head.count == place.length + 4 else { throw Self.corrupt(file, "ends inside an entry") }
        let sealedLength = Int(UInt32(bigEndianBytes: head[place.length...]))
        guard sealedLength <= JournalRecord.maxSealedBytes else { throw Self.corrupt(file, "has changed") }
        let sealed = try file.read(at: place.offset + head.count, count: sealedLength)
        guard sealed.count == sealedLength else { throw Self.corrupt(file, "ends inside a sealed body") }
        return JournalRecord.Item(entry: Array(head[..<place.length]), sealedBody: sealed)
    }

    static func corrupt(_ file: OwnedFile, _ what: String) -> GloveboxError {
        GloveboxError(
            "log.journal-corrupt",
            "\(Display.escape(file.path)) \(what)",
            hint: "fetch the missing entries from a mirror or a backup; nothing was changed on disk"
        )
    }

    private mutating func roll(to firstIndex: UInt64, room: Int) throws(GloveboxError) {
        let path = "\(directory.path)/\(firstIndex)\(Self.suffix)"
        let capacity = max(segmentBytes, room)
        let file: OwnedFile
        if let last = segments.last, last.firstIndex == firstIndex {
            // A crash between making a segment and its first record leaves it empty and perhaps short.
            file = last.file
            segments.removeLast()
        } else {
            file = try OwnedFile(path, .create(permissions: 0o600))
        }
        try file.reserve(capacity)
        try directory.sync()
        segments.append(Segment(firstIndex: firstIndex, file: file, capacity: capacity))
        end = 0
    }
}
