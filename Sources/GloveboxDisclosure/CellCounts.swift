package import GloveboxCore
package import GloveboxPolicy

/// The exact content of a table, made from the dataset: distinct privacy units in each cell and in each margin, and
/// what each unit contributes to the measured variable.
package struct CellCounts: Sendable {
    /// A privacy unit in a cell.
    struct Membership: Sendable {
        let unit: UInt32
        let cell: UInt32
        /// The unit's rows in the cell.
        var rows: UInt32
        /// The sum of the measured variable over those rows, or 1 when a proportion counts the unit; 0 without one.
        var value: Int64
    }

    /// The layout.
    package let frame: TableFrame
    /// Distinct units of each place of the frame.
    package let units: [Int]
    /// Every unit of the base population, rising: the units with a row that the input policy lets through.
    package let population: [UInt32]
    /// What is measured; nil for a table of counts.
    package let variable: MeasuredVariable?

    /// By rising unit, then cell.
    let memberships: [Membership]

    /// Counts.
    ///
    /// Rows with a missing value in a dimension or in the variable are left out; how many is not released.
    /// - Throws: `spec.predicate`, `spec.overflow`.
    package init(
        _ table: DatasetTable,
        frame: TableFrame,
        conditions: [Predicate],
        variable: MeasuredVariable? = nil,
        inputPolicy: InputPolicy
    ) throws(GloveboxError) {
        let base = try RowFilter(inputPolicy.rowFilter, description: table.description)
        let filter = try RowFilter(conditions, description: table.description)
        var population: [UInt32] = []
        var memberships: [Membership] = []
        population.reserveCapacity(table.rowCount)
        memberships.reserveCapacity(table.rowCount)
        let unitOf = table.unitLookup
        let measured = variable.map { table.columns[$0.column] }
        for start in stride(from: 0, to: table.rowCount, by: Self.block) {
            let rows = start..<min(start + Self.block, table.rowCount)
            let allowed = base.mask(rows, of: table)
            let wanted = filter.mask(rows, of: table)
            let places = frame.places(ofRows: rows, in: table)
            for row in rows where allowed[row - start] {
                let unit = unitOf.map { $0[row] } ?? UInt32(row)
                population.append(unit)
                guard wanted[row - start], places[row - start] >= 0 else { continue }
                var value: Int64 = 0
                if let variable, let measured {
                    guard let found = variable.value(ofRow: row, in: measured) else { continue }
                    value = found
                }
                memberships.append(Membership(unit: unit, cell: UInt32(places[row - start]), rows: 1, value: value))
            }
        }
        if unitOf != nil {
            population = Array(Set(population)).sorted()
            memberships = try Self.merged(memberships, variable)
        }
        self.frame = frame
        self.population = population
        self.memberships = memberships
        self.variable = variable
        units = Self.distinct(memberships, frame, unitsHaveOneCell: unitOf == nil)
    }

    // Rows that are read column by column before the next ones.
    private static let block = 16384

    private static func merged(
        _ memberships: [Membership],
        _ variable: MeasuredVariable?
    ) throws(GloveboxError) -> [Membership] {
        let sorted = memberships.sorted { ($0.unit, $0.cell) < ($1.unit, $1.cell) }
        var merged: [Membership] = []
        for next in sorted {
            guard var last = merged.last, last.unit == next.unit, last.cell == next.cell else {
                merged.append(next)
                continue
            }
            last.rows += 1
            let (sum, overflow) = last.value.addingReportingOverflow(next.value)
            guard !overflow else {
                throw GloveboxError("spec.overflow", "the sum of one unit's values does not fit 64 bits")
            }
            last.value = variable?.statistic == .proportion ? max(last.value, next.value) : sum
            merged[merged.count - 1] = last
        }
        return merged
    }

    /// How many distinct units each place holds.
    ///
    /// Memberships stand in the order of units, so a unit's places are gathered and counted once each.
    static func distinct(_ memberships: [Membership], _ frame: TableFrame, unitsHaveOneCell: Bool) -> [Int] {
        let margins = Margins(sizes: frame.sizes)
        var units = [Int](repeating: 0, count: frame.placeCount)
        guard !unitsHaveOneCell else {
            for membership in memberships { units[Int(membership.cell)] += 1 }
            return margins.summed(units, over: frame.cells)
        }
        var holders: [UInt32: [Int]] = [:]
        var lastUnit = [UInt32?](repeating: nil, count: frame.placeCount)
        for membership in memberships {
            let places = holders[membership.cell] ?? margins.containing(Int(membership.cell))
            holders[membership.cell] = places
            for place in places where lastUnit[place] != membership.unit {
                lastUnit[place] = membership.unit
                units[place] += 1
            }
        }
        return units
    }
}
