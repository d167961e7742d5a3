package import GloveboxTables

/// The least and greatest value of unknowns that are not negative and meet linear equations, without rounding.
///
/// A tableau of integers over one common denominator (J. Edmonds, 1967), pivots by Bland's rule, which never cycles
/// (R. Bland, New Finite Pivoting Rules for the Simplex Method, 1977).
package struct ExactSimplex {
    private var tableau: [[BigInteger]]
    private var basis: [Int]
    private var denominator = BigInteger.one
    private let unknowns: Int

    /// Finds a first solution; nil when there is none.
    ///
    /// Each equation has a coefficient for every unknown and, last, the value of the sum.
    package init?(_ equations: [[BigInteger]], unknowns: Int) {
        self.unknowns = unknowns
        let count = equations.count
        tableau = equations.enumerated().map { index, equation in
            let isNegative = equation[unknowns].signum < 0
            let row = isNegative ? equation.map { -$0 } : equation
            let artificial = (0..<count).map { $0 == index ? BigInteger.one : .zero }
            return row.dropLast() + artificial + [row[unknowns]]
        }
        basis = (0..<count).map { unknowns + $0 }
        var objective = [BigInteger](repeating: .zero, count: unknowns + count + 1)
        for row in tableau {
            for column in objective.indices where !(unknowns..<unknowns + count).contains(column) {
                objective[column] -= row[column]
            }
        }
        guard let left = maximise(objective, columns: unknowns + count), left.numerator.signum == 0 else { return nil }
        removeArtificial(count)
    }

    /// The range of an unknown; no upper end when it is unbounded.
    package mutating func range(of unknown: Int) -> (least: Ratio, greatest: Ratio?) {
        let greatest = maximise(objective(unknown, sign: BigInteger(-1)), columns: unknowns)
        let least = maximise(objective(unknown, sign: .one), columns: unknowns)
        return (least.map { Ratio(-$0.numerator, $0.denominator) } ?? Ratio(.zero), greatest)
    }

    // The row of an objective: what is left to gain for each column, times the denominator.
    private func objective(_ unknown: Int, sign: BigInteger) -> [BigInteger] {
        var row = [BigInteger](repeating: .zero, count: unknowns + 1)
        if let basic = basis.firstIndex(of: unknown) {
            row = tableau[basic].map { -(sign * $0) }
            row[unknown] = .zero
        } else {
            row[unknown] = sign * denominator
        }
        return row
    }

    // Returns the greatest value; nil when it is unbounded.
    private mutating func maximise(_ start: [BigInteger], columns: Int) -> Ratio? {
        var objective = start
        while let column = (0..<columns).first(where: { objective[$0].signum < 0 }) {
            guard let row = leaving(column) else { return nil }
            let old = denominator
            pivot(row, column)
            objective = Self.reduced(objective, by: tableau[row], column, old)
        }
        return objective.last.map { Ratio($0, denominator) }
    }

    // The row that first reaches zero; of equal ones that with the lowest unknown.
    private func leaving(_ column: Int) -> Int? {
        var best: Int?
        for row in tableau.indices where tableau[row][column].signum > 0 {
            guard let other = best, let mine = tableau[row].last, let theirs = tableau[other].last else {
                best = row
                continue
            }
            let (left, right) = (mine * tableau[other][column], theirs * tableau[row][column])
            if left < right || (left == right && basis[row] < basis[other]) { best = row }
        }
        return best
    }

    private mutating func pivot(_ row: Int, _ column: Int) {
        if tableau[row][column].signum < 0 { tableau[row] = tableau[row].map { -$0 } }
        let top = tableau[row]
        for index in tableau.indices where index != row {
            tableau[index] = Self.reduced(tableau[index], by: top, column, denominator)
        }
        denominator = top[column]
        basis[row] = column
    }

    private static func reduced(
        _ row: [BigInteger],
        by top: [BigInteger],
        _ column: Int,
        _ denominator: BigInteger
    ) -> [BigInteger] {
        let factor = row[column]
        return zip(row, top).map { value, above in
            (value * top[column] - factor * above).quotientAndRemainder(dividingBy: denominator).quotient
        }
    }

    // An artificial unknown that is left in the basis is zero: it gives way, or its equation says nothing new.
    private mutating func removeArtificial(_ count: Int) {
        for row in tableau.indices where basis[row] >= unknowns {
            if let column = (0..<unknowns).first(where: { tableau[row][$0].signum != 0 }) { pivot(row, column) }
        }
        let kept = tableau.indices.filter { basis[$0] < unknowns }
        tableau = kept.map { row in tableau[row].prefix(unknowns) + [tableau[row][unknowns + count]] }
        basis = kept.map { basis[$0] }
    }
}
