internal import GloveboxCore
internal import GloveboxTables

/// The units of a release by rising tag, with the cells of each, wherever the bytes of them are kept.
struct UnitEntries: Sendable {
    /// A unit of the base population, or several equal rows that are units, and the places of its cells; none for a unit
    /// outside the table.
    struct Entry: Hashable, Sendable {
        let tag: UnitTag
        /// How many units: more than one only where rows are units.
        let units: Int
        let cells: [Int]
        /// The unit's part of the sum in each of its cells, scaled; empty in a table of counts or proportions.
        let values: [Int64]
    }

    /// How many there are.
    let count: Int
    private let bytes: any KeptBytes
    /// Bytes that stand before the first entry.
    private let head: Int
    private let layout: Layout

    fileprivate struct Layout: Sendable {
        let hasValues: Bool
        /// Cells are below.
        let places: Int
        /// Whether entries say of how many units they are.
        let hasUnits: Bool
    }

    /// Keeps the entries that `write` puts, by rising tag.
    ///
    /// - Throws: `storage.write`, and what `write` throws.
    init(
        _ scratch: any Scratch,
        hasValues: Bool,
        places: Int,
        _ write: (_ put: (Entry) throws(GloveboxError) -> Void) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        var count = 0
        bytes = try scratch.keep { (keep) throws(GloveboxError) in
            var out = ByteWriter()
            try write { (entry) throws(GloveboxError) in
                Self.write(entry, to: &out)
                count += 1
                guard out.bytes.count >= 65536 else { return }
                try keep(out.bytes)
                out.bytes.removeAll(keepingCapacity: true)
            }
            if !out.bytes.isEmpty { try keep(out.bytes) }
        }
        self.count = count
        head = 0
        layout = Layout(hasValues: hasValues, places: places, hasUnits: true)
    }

    /// Entries that stand in a stored record behind its head.
    init(_ bytes: any KeptBytes, head: Int, count: Int, hasValues: Bool, places: Int, hasUnits: Bool) {
        (self.bytes, self.head, self.count) = (bytes, head, count)
        layout = Layout(hasValues: hasValues, places: places, hasUnits: hasUnits)
    }

    static func write(_ entry: Entry, to out: inout ByteWriter) {
        out.i64(Int64(bitPattern: entry.tag.high))
        out.i64(Int64(bitPattern: entry.tag.low))
        out.u32(entry.units)
        out.u32(entry.cells.count)
        for cell in entry.cells { out.u32(cell) }
        for value in entry.values { out.i64(value) }
    }

    /// Reads them from the first.
    ///
    /// - Throws: `storage.read`, `broker.open`, `format.bytes`.
    func reader() throws(GloveboxError) -> Reader {
        var input = PieceReader(try bytes.pieces())
        _ = try input.take(head)
        return Reader(input: input, left: count, layout: layout)
    }

    /// Reads entry by entry, and checks each.
    struct Reader {
        private var input: PieceReader
        private var left: Int
        private let layout: Layout
        private var before: UnitTag?

        fileprivate init(input: PieceReader, left: Int, layout: Layout) {
            (self.input, self.left, self.layout) = (input, left, layout)
        }

        /// The next entry; nil at the end.
        ///
        /// - Throws: `storage.read`, `broker.open`, `format.bytes`.
        mutating func next() throws(GloveboxError) -> Entry? {
            guard left > 0 else {
                guard try input.isAtEnd() else { throw ByteReader.invalid }
                return nil
            }
            left -= 1
            let hasUnits = layout.hasUnits
            let (tag, units, count) = unsafe try input.take(hasUnits ? 24 : 20).withUnsafeBytes { bytes in
                (
                    UnitTag(high: unsafe Self.integer(bytes, 0), low: unsafe Self.integer(bytes, 8)),
                    hasUnits ? Int(unsafe Self.integer(bytes, 16) as UInt32) : 1,
                    Int(unsafe Self.integer(bytes, hasUnits ? 20 : 16) as UInt32)
                )
            }
            if let before, !(before < tag) { throw ByteReader.invalid }
            before = tag
            guard units > 0, count <= layout.places else { throw ByteReader.invalid }
            let cells = unsafe try input.take(4 * count).withUnsafeBytes { bytes in
                (0..<count).map { Int(unsafe Self.integer(bytes, 4 * $0) as UInt32) }
            }
            for cell in cells where cell >= layout.places { throw ByteReader.invalid }
            let values = layout.hasValues ? try input.integers(Int64.self, count) : []
            return Entry(tag: tag, units: units, cells: cells, values: values)
        }

        private static func integer<I: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> I {
            I(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: I.self))
        }
    }
}
