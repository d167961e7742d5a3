internal import GloveboxPolicy
package import GloveboxTables

/// The exact sums, means or proportions of a table, for each place.
///
/// Source: release policy section 4, steps 4 and 5.
package struct CellMeasures: Sendable {
    /// What is measured.
    package let variable: MeasuredVariable
    private let counts: CellCounts

    /// Units with a positive row in each place; for a proportion alone.
    var positives: [Int] { counts.positives }

    /// What the units contribute; nil for a table of counts.
    package init?(_ counts: CellCounts) {
        guard let variable = counts.variable else { return nil }
        self.variable = variable
        self.counts = counts
    }

    /// The exact value of a place; nil for the mean or proportion of nothing.
    package func exact(_ place: Int) -> Ratio? {
        let scale = BigInteger.power(ofTen: variable.decimals)
        switch variable.statistic {
        case .sum: return Ratio(BigInteger(counts.totals[place]), scale)
        case .mean:
            guard counts.rows[place] > 0 else { return nil }
            return Ratio(BigInteger(counts.totals[place]), scale * BigInteger(counts.rows[place]))
        case .proportion:
            guard counts.units[place] > 0 else { return nil }
            return Ratio(BigInteger(positives[place]), BigInteger(counts.units[place]))
        case .count, .ols: return nil
        }
    }
}
