package import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxTables

/// What is kept of a released table so that a later one can be compared with it: which units stood in which cell.
///
/// It is as private as the data and is stored encrypted. Source: release policy section 6.
package struct ReleaseRecord: Sendable {
    /// What the supervisor calls the release.
    package let id: String
    /// The dataset's name.
    package let dataset: String
    /// The digest of the dataset version.
    package let version: Digest
    /// The digest of the spec.
    package let spec: Digest
    /// The column that was summed or averaged; nil for counts and proportions.
    package let variable: String?
    /// The number of codes of each dimension.
    package let sizes: [Int]
    /// The cells that were marked and not shown, rising.
    let marked: [Int]
    /// Whether it was stored by an earlier version, which tagged equal rows that are units apart.
    let isOld: Bool
    /// The units.
    let entries: UnitEntries

    /// Records a release.
    ///
    /// - Throws: as ``RowSource/rows(_:)``.
    package init(
        id: String,
        spec: TableSpec,
        version rows: any RowSource,
        counts: CellCounts,
        marked: Set<Int> = []
    ) throws(GloveboxError) {
        guard let entries = counts.entries else {
            throw GloveboxError("internal", "a table without its units cannot be remembered")
        }
        self.entries = entries
        isOld = false
        self.id = id
        dataset = spec.dataset
        version = try rows.versionDigest()
        self.spec = spec.digest
        sizes = counts.frame.sizes
        self.marked = marked.sorted()
        variable = counts.variable.flatMap { $0.statistic == .proportion ? nil : $0.name }
    }

    private static let head = Array("gbxr".utf8) + [3]
    private static let oldHead = Array("gbxr".utf8) + [2]

    /// Writes the stored form: `"gbxr" 3, id, dataset, version, spec, variable, sizes, marked, units (tag, how many, cells with
    /// values)`, big-endian; of version 2 each entry is one unit.
    ///
    /// - Throws: `storage.read`, `broker.open`, and what `put` throws.
    package func write(_ put: ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) {
        var out = ByteWriter()
        out.bytes = Self.head
        out.text(id)
        out.text(dataset)
        out.bytes += version.bytes + spec.bytes
        out.text(variable ?? "")
        out.u8(UInt8(sizes.count))
        for size in sizes { out.u32(size) }
        out.u32(marked.count)
        for cell in marked { out.u32(cell) }
        out.u32(entries.count)
        var reader = try entries.reader()
        while let entry = try reader.next() {
            UnitEntries.write(entry, to: &out)
            guard out.bytes.count >= 65536 else { continue }
            try put(out.bytes)
            out.bytes.removeAll(keepingCapacity: true)
        }
        try put(out.bytes)
    }

    /// The stored form in memory.
    ///
    /// - Throws: as ``write(_:)``.
    package func encoded() throws(GloveboxError) -> [UInt8] {
        var bytes: [UInt8] = []
        try write { bytes += $0 }
        return bytes
    }

    /// Reads a stored record that is in memory, all of it.
    ///
    /// - Throws: `format.bytes`.
    package init(stored bytes: [UInt8]) throws(GloveboxError) {
        try self.init(BytesInMemory([bytes]))
        var reader = try entries.reader()
        while try reader.next() != nil {}
    }

    /// Reads the head of a stored record; its units are read, and checked, when they are compared.
    ///
    /// - Throws: `format.bytes`, `storage.read`, `broker.open`.
    package init(_ bytes: any KeptBytes) throws(GloveboxError) {
        var input = PieceReader(try bytes.pieces())
        let head = Array(try input.take(Self.head.count))
        guard head == Self.head || head == Self.oldHead else { throw ByteReader.invalid }
        isOld = head == Self.oldHead
        id = try input.text()
        dataset = try input.text()
        guard let version = Digest(bytes: Array(try input.take(32))),
            let spec = Digest(bytes: Array(try input.take(32)))
        else { throw ByteReader.invalid }
        self.version = version
        self.spec = spec
        let variable = try input.text()
        self.variable = variable.isEmpty ? nil : variable
        var sizes: [Int] = []
        var places = 1
        for _ in 0..<(try input.u8()) {
            let size = try input.u32()
            guard (1...4096).contains(size), sizes.count < 4 else { throw ByteReader.invalid }
            sizes.append(size)
            places *= size + 1
        }
        self.sizes = sizes
        var marked: [Int] = []
        for _ in 0..<(try input.u32()) {
            let cell = try input.u32()
            guard cell < places, cell > marked.last ?? -1 else { throw ByteReader.invalid }
            marked.append(cell)
        }
        self.marked = marked
        let units = try input.u32()
        // Magic, three texts, two digests, sizes, marks, and the number of units.
        let texts = [id, dataset, variable].reduce(0) { $0 + 1 + $1.utf8.count }
        entries = UnitEntries(
            bytes,
            head: head.count + texts + 64 + 1 + 4 * sizes.count + 4 + 4 * marked.count + 4,
            count: units,
            hasValues: !variable.isEmpty,
            places: places,
            hasUnits: !isOld
        )
    }
}
