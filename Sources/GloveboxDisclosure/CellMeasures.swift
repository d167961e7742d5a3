internal import GloveboxPolicy
package import GloveboxTables

/// The exact sums, means or proportions of a table, for each place.
///
/// Source: release policy section 4, steps 4 and 5.
package struct CellMeasures: Sendable {
    /// What is measured.
    package let variable: MeasuredVariable
    /// Rows of each place.
    let rows: [Int]
    /// The scaled sum of each place.
    let totals: [Int128]
    /// Units with a positive row in each place; for a proportion alone.
    let positives: [Int]
    private let units: [Int]

    /// Adds up what the units contribute; nil for a table of counts.
    package init?(_ counts: CellCounts) {
        guard let variable = counts.variable else { return nil }
        self.variable = variable
        units = counts.units
        var rows = [Int](repeating: 0, count: counts.frame.placeCount)
        var totals = [Int128](repeating: 0, count: counts.frame.placeCount)
        for membership in counts.memberships {
            rows[Int(membership.cell)] += Int(membership.rows)
            totals[Int(membership.cell)] += Int128(membership.value)
        }
        let margins = Margins(sizes: counts.frame.sizes)
        self.rows = margins.summed(rows, over: counts.frame.cells)
        self.totals = margins.summed(totals, over: counts.frame.cells)
        let isProportion = variable.statistic == .proportion
        positives =
            isProportion
            ? CellCounts.distinct(
                counts.memberships.filter { $0.value > 0 },
                counts.frame,
                unitsHaveOneCell: false
            ) : []
    }

    /// The exact value of a place; nil for the mean or proportion of nothing.
    package func exact(_ place: Int) -> Ratio? {
        let total = BigInteger(totals[place])
        let scale = BigInteger.power(ofTen: variable.decimals)
        switch variable.statistic {
        case .sum: return Ratio(total, scale)
        case .mean: return rows[place] == 0 ? nil : Ratio(total, scale * BigInteger(rows[place]))
        case .proportion:
            return units[place] == 0 ? nil : Ratio(BigInteger(positives[place]), BigInteger(units[place]))
        case .count, .ols: return nil
        }
    }
}
