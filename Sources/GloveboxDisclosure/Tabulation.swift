package import GloveboxCore
package import GloveboxPolicy

/// Counts the cells of a table while the rows go by: what it keeps grows with cells and units, not with rows.
///
/// Rows with a missing value in a dimension or in the variable are left out; how many is not released.
/// Source: release policy section 4, steps 1 to 4.
package struct Tabulation {
    private let frame: TableFrame
    private let variable: MeasuredVariable?
    private let base: RowFilter
    private let wanted: RowFilter
    private let remembers: Bool

    // By place; the margins are added at the end.
    private var units: [Int]
    private var rows: [Int]
    private var positives: [Int]
    private var contributions: [Contributions]
    // Where a unit may have several rows.
    private var unitCells: UnitCells?
    // What a later release is compared with.
    private var memberships: [CellCounts.Membership] = []
    private var population: [UInt32] = []
    private var isInPopulation: [Bool] = []

    /// Starts with no row.
    ///
    /// With `remembers`, the units of each cell are told apart in the end, which takes room for each of them.
    /// - Throws: `spec.predicate`.
    package init(
        _ frame: TableFrame,
        conditions: [Predicate],
        variable: MeasuredVariable?,
        description: DatasetDescription,
        inputPolicy: InputPolicy,
        remembers: Bool
    ) throws(GloveboxError) {
        self.frame = frame
        self.variable = variable
        self.remembers = remembers
        base = try RowFilter(inputPolicy.rowFilter, description: description)
        wanted = try RowFilter(conditions, description: description)
        units = [Int](repeating: 0, count: frame.placeCount)
        rows = units
        positives = variable?.statistic == .proportion ? units : []
        let isSummed = variable != nil && positives.isEmpty
        contributions = isSummed ? Array(repeating: .init(keeping: Contributions.kept), count: frame.placeCount) : []
        guard description.privacyUnit.kind == .id else { return }
        unitCells = UnitCells(hasValues: variable != nil)
    }

    /// Counts some rows.
    ///
    /// - Throws: `spec.overflow`.
    package mutating func add(_ block: RowBlock) throws(GloveboxError) {
        let allowed = base.mask(block.rows, of: block.columns)
        let wanted = wanted.mask(block.rows, of: block.columns)
        let places = frame.places(ofRows: block.rows, in: block.columns)
        let measured = variable.map { $0.values(block.rows, in: block.columns[$0.column]) }
        for index in 0..<block.rows.count where allowed[index] {
            let unit = block.unit(block.rows.lowerBound + index)
            if remembers { remember(unit) }
            guard wanted[index], places[index] >= 0 else { continue }
            let value = measured.map { $0[index] } ?? 0
            guard value != DatasetTable.Column.missingNumber else { continue }
            try add(unit, Int(places[index]), value)
        }
    }

    private mutating func add(_ unit: UInt32, _ place: Int, _ value: Int64) throws(GloveboxError) {
        rows[place] += 1
        guard unitCells != nil else {
            units[place] += 1
            if !contributions.isEmpty { contributions[place].add(value) }
            if !positives.isEmpty { positives[place] += Int(value) }
            if remembers { memberships.append(.init(unit: unit, cell: UInt32(place), value: value)) }
            return
        }
        let fits = unitCells?.add(unit, UInt32(place), value, keepsLargest: !positives.isEmpty)
        guard fits == true else {
            throw GloveboxError("spec.overflow", "the sum of one unit's values does not fit 64 bits")
        }
    }

    private mutating func remember(_ unit: UInt32) {
        guard unitCells != nil else { return population.append(unit) }
        while isInPopulation.count <= unit { isInPopulation.append(false) }
        isInPopulation[Int(unit)] = true
    }

    /// The table, when every row was counted.
    package consuming func finish() -> CellCounts {
        let margins = Margins(sizes: frame.sizes)
        if let cells = unitCells {
            unitCells = nil
            memberships = cells.sorted()
            units = CellCounts.distinct(memberships, frame)
            if !positives.isEmpty { positives = CellCounts.distinct(memberships.filter { $0.value > 0 }, frame) }
            if !contributions.isEmpty {
                for membership in memberships { contributions[Int(membership.cell)].add(membership.value) }
            }
            population = isInPopulation.indices.filter { isInPopulation[$0] }.map(UInt32.init)
        } else {
            units = margins.summed(units, over: frame.cells)
            if !positives.isEmpty { positives = margins.summed(positives, over: frame.cells) }
        }
        return CellCounts(
            frame: frame,
            units: units,
            population: population,
            variable: variable,
            rows: margins.summed(rows, over: frame.cells),
            totals: margins.summed(contributions.map(\.total), over: contributions.isEmpty ? [] : frame.cells),
            positives: positives,
            contributions: contributions,
            memberships: remembers ? memberships : []
        )
    }
}
