package import GloveboxCore
package import GloveboxPolicy

/// Counts the cells of a table while the rows go by: what it keeps grows with cells, not with rows or units.
///
/// Rows with a missing value in a dimension or in the variable are left out; how many is not released.
/// Source: release policy section 4, steps 1 to 4.
package struct Tabulation {
    private let frame: TableFrame
    private let variable: MeasuredVariable?
    private let base: RowFilter
    private let wanted: RowFilter
    private let remembers: Bool
    private let isByRow: Bool

    // By place; the margins are added at the end.
    private var units: [Int]
    private var rows: [Int]
    private var positives: [Int]
    private var contributions: [Contributions]
    // Where a unit may have several rows, or is remembered.
    private var gathering: UnitGathering?
    private var rowCount = 0

    /// Starts with no row.
    ///
    /// With a key, it is kept which units are in which cell, for comparison with later releases.
    /// - Throws: `spec.predicate`.
    package init(
        _ frame: TableFrame,
        conditions: [Predicate],
        variable: MeasuredVariable?,
        description: DatasetDescription,
        inputPolicy: InputPolicy,
        key: LineageKey?,
        scratch: any Scratch
    ) throws(GloveboxError) {
        self.frame = frame
        self.variable = variable
        remembers = key != nil
        isByRow = description.privacyUnit.kind != .id
        base = try RowFilter(inputPolicy.rowFilter, description: description)
        wanted = try RowFilter(conditions, description: description)
        units = [Int](repeating: 0, count: frame.placeCount)
        rows = units
        positives = variable?.statistic == .proportion ? units : []
        let isSummed = variable != nil && positives.isEmpty
        contributions = isSummed ? Array(repeating: .init(keeping: Contributions.kept), count: frame.placeCount) : []
        if !isByRow || remembers {
            let random = try LineageKey.random()
            gathering = UnitGathering(
                description,
                key: key ?? random,
                scratch: scratch,
                combining: positives.isEmpty ? .sum : .largest
            )
        }
    }

    /// Counts some rows.
    ///
    /// - Throws: `spec.overflow`, `storage.write`.
    package mutating func add(_ block: RowBlock) throws(GloveboxError) {
        let allowed = base.mask(block.rows, of: block.columns)
        let wanted = wanted.mask(block.rows, of: block.columns)
        let places = frame.places(ofRows: block.rows, in: block.columns)
        let measured = variable.map { $0.values(block.rows, in: block.columns[$0.column]) }
        let tags = gathering?.tags(block)
        rowCount += block.rows.count
        for index in 0..<block.rows.count {
            let value = measured.map { $0[index] } ?? 0
            let isCounted =
                allowed[index] && wanted[index] && places[index] >= 0 && value != DatasetTable.Column.missingNumber
            let place = Int(places[index])
            if let tags {
                try gathering?.add(
                    tags[index],
                    isAllowed: allowed[index],
                    cell: isCounted ? place : nil,
                    value: isCounted ? value : 0
                )
            }
            guard isCounted else { continue }
            rows[place] += 1
            if isByRow { count(place, value) }
        }
    }

    // A unit that has one row.
    private mutating func count(_ place: Int, _ value: Int64) {
        units[place] += 1
        if !contributions.isEmpty { contributions[place].add(value) }
        if !positives.isEmpty { positives[place] += Int(value) }
    }

    /// The table, when every row was counted.
    ///
    /// - Throws: `spec.overflow`, `storage.*`.
    package consuming func finish() throws(GloveboxError) -> CellCounts {
        let margins = Margins(sizes: frame.sizes)
        var unitCount = rowCount
        var entries: UnitEntries?
        if let gathering {
            self.gathering = nil
            var (units, positives) = (DistinctUnits(frame), DistinctUnits(frame))
            let (isByRow, isProportion) = (isByRow, !self.positives.isEmpty)
            var contributions = contributions
            (unitCount, entries) = try gathering.finish(
                remembers: remembers,
                hasValues: !contributions.isEmpty,
                places: frame.placeCount
            ) { parts in
                guard !isByRow else { return }
                units.add(parts)
                if isProportion { positives.add(parts.filter { $0.value > 0 }) }
                if !contributions.isEmpty { for part in parts { contributions[Int(part.cell)].add(part.value) } }
            }
            if !isByRow {
                self.units = units.counts
                if isProportion { self.positives = positives.counts }
                self.contributions = contributions
            }
        }
        if isByRow {
            units = margins.summed(units, over: frame.cells)
            if !positives.isEmpty { positives = margins.summed(positives, over: frame.cells) }
        }
        return CellCounts(
            frame: frame,
            units: units,
            unitCount: unitCount,
            variable: variable,
            rows: margins.summed(rows, over: frame.cells),
            totals: margins.summed(contributions.map(\.total), over: contributions.isEmpty ? [] : frame.cells),
            positives: positives,
            contributions: contributions,
            entries: entries
        )
    }
}

/// How many distinct units each place holds, counted unit by unit.
private struct DistinctUnits {
    private(set) var counts: [Int]
    private let margins: Margins
    // The places that hold a cell, for cells that came up.
    private var holders: [[Int]]
    // The unit that a place was counted for last.
    private var lastUnit: [Int]
    private var unit = 0

    init(_ frame: TableFrame) {
        margins = Margins(sizes: frame.sizes)
        counts = [Int](repeating: 0, count: frame.placeCount)
        holders = [[Int]](repeating: [], count: frame.placeCount)
        lastUnit = counts
    }

    mutating func add(_ parts: [UnitPart]) {
        unit += 1
        for part in parts {
            let cell = Int(part.cell)
            if holders[cell].isEmpty { holders[cell] = margins.containing(cell) }
            for place in holders[cell] where lastUnit[place] != unit {
                lastUnit[place] = unit
                counts[place] += 1
            }
        }
    }
}
