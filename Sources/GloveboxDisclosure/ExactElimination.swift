package import GloveboxTables

/// A matrix of integers brought to reduced row echelon form without fractions.
///
/// Every division is exact (E. Bareiss, Sylvester's Identity and Multistep Integer-Preserving Gaussian Elimination,
/// 1968), so rank and solutions are exact too.
package struct ExactElimination: Sendable {
    /// The rows after elimination; a row with a pivot holds ``scale`` there, and zero in the other pivot columns.
    package private(set) var rows: [[BigInteger]]
    /// The column of the pivot of each of the first rows.
    package private(set) var pivots: [Int] = []
    /// What stands in every pivot.
    package private(set) var scale = BigInteger.one

    /// The number of independent rows.
    package var rank: Int { pivots.count }

    /// Eliminates; pivots are looked for in the first `columns` columns.
    package init(_ matrix: [[BigInteger]], columns: Int) {
        rows = matrix
        for column in 0..<columns {
            guard let found = (rank..<rows.count).first(where: { rows[$0][column].signum != 0 }) else { continue }
            rows.swapAt(rank, found)
            eliminate(column)
        }
    }

    private mutating func eliminate(_ column: Int) {
        let top = rows[rank]
        let pivot = top[column]
        for index in rows.indices where index != rank {
            let factor = rows[index][column]
            for j in rows[index].indices {
                let value = rows[index][j] * pivot - factor * top[j]
                rows[index][j] = value.quotientAndRemainder(dividingBy: scale).quotient
            }
        }
        scale = pivot
        pivots.append(column)
    }
}
