package import GloveboxCore
package import GloveboxPolicy

/// The exact content of a table, made from the dataset: distinct privacy units in each cell and in each margin, and
/// what each unit contributes to the measured variable.
package struct CellCounts: Sendable {
    /// A privacy unit in a cell.
    struct Membership: Sendable {
        let unit: UInt32
        let cell: UInt32
        /// The sum of the measured variable over the unit's rows, or 1 when a proportion counts the unit; 0 without one.
        let value: Int64
    }

    /// The layout.
    package let frame: TableFrame
    /// Distinct units of each place of the frame.
    package let units: [Int]
    /// Every unit of the base population, rising: the units with a row that the input policy lets through.
    ///
    /// Empty where nothing is remembered.
    package let population: [UInt32]
    /// What is measured; nil for a table of counts.
    package let variable: MeasuredVariable?

    /// Rows of each place.
    let rows: [Int]
    /// The scaled sum of each place; empty without a sum or mean.
    let totals: [Int128]
    /// Units with a positive row in each place; for a proportion alone.
    let positives: [Int]
    /// The contributions to each place without a margin; empty without a sum or mean.
    let contributions: [Contributions]
    /// By rising unit, then cell; empty where nothing is remembered.
    let memberships: [Membership]

    /// Counts all rows of a table, remembering who is where.
    ///
    /// - Throws: `spec.predicate`, `spec.overflow`.
    package init(
        _ table: DatasetTable,
        frame: TableFrame,
        conditions: [Predicate],
        variable: MeasuredVariable? = nil,
        inputPolicy: InputPolicy
    ) throws(GloveboxError) {
        var tabulation = try Tabulation(
            frame,
            conditions: conditions,
            variable: variable,
            description: table.description,
            inputPolicy: inputPolicy,
            remembers: true
        )
        _ = try table.rows { (block) throws(GloveboxError) in try tabulation.add(block) }
        self = tabulation.finish()
    }

    init(
        frame: TableFrame,
        units: [Int],
        population: [UInt32],
        variable: MeasuredVariable?,
        rows: [Int],
        totals: [Int128],
        positives: [Int],
        contributions: [Contributions],
        memberships: [Membership]
    ) {
        (self.frame, self.units, self.population, self.variable) = (frame, units, population, variable)
        (self.rows, self.totals, self.positives) = (rows, totals, positives)
        (self.contributions, self.memberships) = (contributions, memberships)
    }

    /// How many distinct units each place holds.
    ///
    /// Memberships stand in the order of units, so a unit's places are gathered and counted once each.
    static func distinct(_ memberships: [Membership], _ frame: TableFrame) -> [Int] {
        let margins = Margins(sizes: frame.sizes)
        var units = [Int](repeating: 0, count: frame.placeCount)
        var holders = [[Int]](repeating: [], count: frame.placeCount)
        var lastUnit = [UInt32?](repeating: nil, count: frame.placeCount)
        for membership in memberships {
            let cell = Int(membership.cell)
            if holders[cell].isEmpty { holders[cell] = margins.containing(cell) }
            for place in holders[cell] where lastUnit[place] != membership.unit {
                lastUnit[place] = membership.unit
                units[place] += 1
            }
        }
        return units
    }
}
