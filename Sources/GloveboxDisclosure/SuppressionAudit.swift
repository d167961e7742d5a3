package import GloveboxTables

/// What the published totals of a table tell about its suppressed cells.
///
/// Totals are taken as exact, the worst case. Source: release policy section 5.7.
package struct SuppressionAudit: Sendable {
    /// A published total: the suppressed cells in it and what they add up to.
    package struct Equation: Hashable, Sendable {
        package let cells: [Int]
        package let sum: Int64

        /// Names the unknowns by number.
        package init(cells: [Int], sum: Int64) {
            self.cells = cells
            self.sum = sum
        }
    }

    private let unknowns: Int
    private let matrix: [[BigInteger]]

    /// Sets up the audit of that many suppressed cells.
    package init(unknowns: Int, equations: [Equation]) {
        self.unknowns = unknowns
        matrix = equations.map { equation in
            var row = [BigInteger](repeating: .zero, count: unknowns + 1)
            for cell in equation.cells { row[cell] += .one }
            row[unknowns] = BigInteger(equation.sum)
            return row
        }
    }

    /// The cells that the totals alone determine, also without knowing that no count is negative.
    package var recoverable: [Int] {
        let reduced = ExactElimination(matrix, columns: unknowns)
        return zip(reduced.pivots, reduced.rows).compactMap { pivot, row in
            row.prefix(unknowns).count { $0.signum != 0 } == 1 ? pivot : nil
        }
    }

    /// The range of each suppressed cell; nil when no table fits the totals.
    package var ranges: [(least: Ratio, greatest: Ratio?)]? {
        guard var simplex = ExactSimplex(matrix, unknowns: unknowns) else { return nil }
        return (0..<unknowns).map { simplex.range(of: $0) }
    }

    /// The cells whose range is narrower than `minWidth`; all when no table fits the totals.
    package func exposed(minWidth: Int64) -> [Int] {
        guard let ranges else { return Array(0..<unknowns) }
        let determined = Set(recoverable)
        return (0..<unknowns).filter { cell in
            guard !determined.contains(cell), let greatest = ranges[cell].greatest else {
                return determined.contains(cell)
            }
            return greatest < ranges[cell].least + Ratio(BigInteger(minWidth))
        }
    }
}
