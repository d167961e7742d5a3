internal import GloveboxCore
internal import GloveboxPolicy

/// Brings the rows of each unit together while they go by, wherever they stand, and tells in the end who is in which cell.
struct UnitGathering {
    /// Where a row stands of a unit that the input policy does not let through by it.
    private static let outside = UInt32.max
    /// Where a row stands that is let through and in no cell.
    private static let base = UInt32.max - 1

    private let isByRow: Bool
    private let scratch: any Scratch
    private var tagger: UnitTagger
    private var sorter: UnitSorter

    /// Starts with no row.
    init(
        _ description: DatasetDescription,
        key: LineageKey,
        scratch: any Scratch,
        combining combination: UnitSorter.Combination
    ) {
        isByRow = description.privacyUnit.kind != .id
        self.scratch = scratch
        tagger = UnitTagger(description, key: key)
        sorter = UnitSorter(scratch, combining: isByRow ? .same : combination)
    }

    /// The units of the rows of a block.
    mutating func tags(_ block: RowBlock) -> [UnitTag] { tagger.tags(block) }

    /// Adds a row of a unit; `cell` is nil for a row in no cell.
    ///
    /// - Throws: `spec.overflow`, `storage.write`.
    mutating func add(_ tag: UnitTag, isAllowed: Bool, cell: Int?, value: Int64 = 0) throws(GloveboxError) {
        let place = isAllowed ? cell.map { UInt32($0) } ?? Self.base : Self.outside
        try sorter.add(UnitPart(tag: tag, cell: place, value: value))
    }

    /// How many units there are, and the base population with the cells of each unit where it is to be remembered.
    ///
    /// `see` is shown the parts of each unit that has cells.
    ///
    /// - Throws: `spec.overflow`, `storage.*`, and what `see` throws.
    consuming func finish(
        remembers: Bool,
        hasValues: Bool,
        places: Int,
        _ see: ([UnitPart]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) -> (units: Int, entries: UnitEntries?) {
        let (isByRow, scratch) = (isByRow, scratch)
        let sorted = try sorter.finish()
        var units = 0
        func gather(_ take: (UnitTag, Int, [UnitPart]) throws(GloveboxError) -> Void) throws(GloveboxError) {
            try sorted.units { (parts) throws(GloveboxError) in
                let equal = isByRow ? Int(parts[0].rows) : 1
                units += equal
                let isAllCells = parts.last.map { $0.cell < Self.base } == true
                let cells = isAllCells ? parts : parts.filter { $0.cell < Self.base }
                if !cells.isEmpty { try see(cells) }
                guard parts[0].cell != Self.outside else { return }
                try take(parts[0].tag, equal, cells)
            }
        }
        guard remembers else {
            try gather { _, _, _ in }
            return (units, nil)
        }
        let entries = try UnitEntries(scratch, hasValues: hasValues, places: places) { (put) throws(GloveboxError) in
            try gather { (tag, equal, cells) throws(GloveboxError) in
                try put(
                    UnitEntries.Entry(
                        tag: tag,
                        units: equal,
                        cells: cells.map { Int($0.cell) },
                        values: hasValues ? cells.map(\.value) : []
                    )
                )
            }
        }
        return (units, entries)
    }
}
