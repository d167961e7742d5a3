package import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxTables

/// What is kept of a released table so that a later one can be compared with it: which units stood in which cell.
///
/// It is as private as the data and is stored encrypted. Source: release policy section 6.
package struct ReleaseRecord: Hashable, Sendable {
    /// A unit of the base population, and the places of its cells; none for a unit outside the table.
    struct Entry: Hashable, Sendable {
        let tag: UnitTag
        let cells: [Int]
        /// The unit's part of the sum in each of its cells, scaled; empty in a table of counts or proportions.
        let values: [Int64]
    }

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
    /// The units, by rising tag.
    let entries: [Entry]

    /// Records a release.
    ///
    /// - Throws: as ``RowSource/rows(_:)``.
    package init(
        id: String,
        spec: TableSpec,
        version rows: any RowSource,
        counts: CellCounts,
        marked: Set<Int> = [],
        key: LineageKey
    ) throws(GloveboxError) {
        self.id = id
        dataset = spec.dataset
        version = try rows.versionDigest()
        self.spec = spec.digest
        sizes = counts.frame.sizes
        self.marked = marked.sorted()
        let tags = try rows.unitTags(key)
        variable = counts.variable.flatMap { $0.statistic == .proportion ? nil : $0.name }
        let hasValues = variable != nil
        var cells = [[Int]](repeating: [], count: tags.count)
        var values = [[Int64]](repeating: [], count: tags.count)
        for membership in counts.memberships {
            cells[Int(membership.unit)].append(Int(membership.cell))
            if hasValues { values[Int(membership.unit)].append(membership.value) }
        }
        // Places are moved about for less than entries are.
        let places = counts.population.sorted { tags[Int($0)] < tags[Int($1)] }
        entries = places.map { Entry(tag: tags[Int($0)], cells: cells[Int($0)], values: values[Int($0)]) }
    }

    private static let head = Array("gbxr".utf8) + [2]

    /// The stored form: `"gbxr" 2, id, dataset, version, spec, variable, sizes, marked, units (tag, cells with values)`, big-endian.
    package var encoded: [UInt8] {
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
        for entry in entries {
            out.i64(Int64(bitPattern: entry.tag.high))
            out.i64(Int64(bitPattern: entry.tag.low))
            out.u32(entry.cells.count)
            for cell in entry.cells { out.u32(cell) }
            for value in entry.values { out.i64(value) }
        }
        return out.bytes
    }

    /// Reads a stored record.
    ///
    /// - Throws: `format.bytes`.
    package init(stored bytes: [UInt8]) throws(GloveboxError) {
        var input = ByteReader(bytes)
        guard try input.take(Self.head.count).elementsEqual(Self.head) else { throw ByteReader.invalid }
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
        entries = try Self.entries(&input, places, hasValues: !variable.isEmpty)
        guard input.isAtEnd else { throw ByteReader.invalid }
    }

    private static func entries(
        _ input: inout ByteReader,
        _ places: Int,
        hasValues: Bool
    ) throws(GloveboxError) -> [Entry] {
        let count = try input.u32()
        guard count <= input.left / 20 else { throw ByteReader.invalid }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let high = UInt64(bitPattern: try input.i64())
            let tag = UnitTag(high: high, low: UInt64(bitPattern: try input.i64()))
            let cellCount = try input.u32()
            guard cellCount <= input.left / 4, entries.last.map({ $0.tag < tag }) != false else {
                throw ByteReader.invalid
            }
            var cells: [Int] = []
            for _ in 0..<cellCount {
                let cell = try input.u32()
                guard cell < places else { throw ByteReader.invalid }
                cells.append(cell)
            }
            var values: [Int64] = []
            if hasValues { for _ in cells { values.append(try input.i64()) } }
            entries.append(Entry(tag: tag, cells: cells, values: values))
        }
        return entries
    }
}
