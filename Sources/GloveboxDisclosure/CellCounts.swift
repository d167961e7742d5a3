package import GloveboxCore
package import GloveboxPolicy

/// The exact counts of a table, made from the dataset: distinct privacy units in each cell and in each margin.
package struct CellCounts: Sendable {
    /// A privacy unit in a cell.
    struct Membership: Hashable, Comparable, Sendable {
        let unit: Int
        let cell: Int

        static func < (left: Self, right: Self) -> Bool { (left.unit, left.cell) < (right.unit, right.cell) }
    }

    /// The layout.
    package let frame: TableFrame
    /// Distinct units of each place of the frame.
    package let units: [Int]
    /// Every unit of the base population, rising: the units with a row that the input policy lets through.
    package let population: [Int]

    let memberships: [Membership]

    /// Counts.
    ///
    /// Rows with a missing value in a dimension are left out; how many is not released.
    /// - Throws: `spec.predicate`.
    package init(
        _ table: DatasetTable,
        frame: TableFrame,
        conditions: [Predicate],
        inputPolicy: InputPolicy
    ) throws(GloveboxError) {
        let base = try RowFilter(inputPolicy.rowFilter, description: table.description)
        let filter = try RowFilter(conditions, description: table.description)
        var population: [Int] = []
        var memberships: [Membership] = []
        for row in 0..<table.rowCount where base.accepts(row, of: table) {
            let unit = table.unit(ofRow: row)
            population.append(unit)
            guard filter.accepts(row, of: table), let cell = frame.place(ofRow: row, in: table) else { continue }
            memberships.append(Membership(unit: unit, cell: cell))
        }
        if table.description.privacyUnit.kind == .id {
            population = Array(Set(population)).sorted()
            memberships = Array(Set(memberships)).sorted()
        }
        self.frame = frame
        self.population = population
        self.memberships = memberships
        self.units = Self.count(memberships, frame)
    }

    // Memberships stand in the order of units, so a unit's places are gathered and counted once each.
    private static func count(_ memberships: [Membership], _ frame: TableFrame) -> [Int] {
        let margins = Margins(sizes: frame.sizes)
        var units = [Int](repeating: 0, count: frame.placeCount)
        var lastUnit = [Int](repeating: -1, count: frame.placeCount)
        for membership in memberships {
            for place in margins.containing(membership.cell) where lastUnit[place] != membership.unit {
                lastUnit[place] = membership.unit
                units[place] += 1
            }
        }
        return units
    }
}
