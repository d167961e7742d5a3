internal import GloveboxCore
internal import GloveboxPolicy

/// How much one unit can change a vector of sums: so many of them by at most so much.
struct Sensitivity: Hashable, Sendable {
    /// Greatest change of one number by one row.
    let change: UInt128
    /// Rows of a unit that count.
    var rows: UInt128 = 1
    /// Whether a change is the difference of two values, and not one that comes or goes.
    var isDifference = false
    /// Greatest number of numbers that change.
    let cells: UInt128

    /// What is known to be so.
    init(change: UInt128, cells: UInt128) { (self.change, self.cells) = (change, cells) }

    /// For rows that each add low...high to one number.
    ///
    /// When a unit may change, its rows may also come from outside the query or move to other groups, so both its old and
    /// its new rows count.
    /// - Throws: `privacy.overflow`.
    init(
        low: Int128,
        high: Int128,
        bounds: ContributionBounds,
        isGrouped: Bool,
        neighbour: PolicyUnit.Neighbour
    ) throws(GloveboxError) {
        let groups = isGrouped ? UInt128(bounds.groups) : 1
        let largest = max(low.magnitude, high.magnitude)
        switch neighbour {
        case .addRemove: (change, cells) = (largest, groups)
        case .changeOne where isGrouped:
            (change, cells) = (max(largest, (max(high, 0) - min(low, 0)).magnitude), try Exact.product(2, groups))
        case .changeOne: (change, cells) = ((max(high, 0) - min(low, 0)).magnitude, 1)
        }
        (rows, isDifference) = (UInt128(bounds.rows), neighbour == .changeOne)
    }

    /// Greatest change of one number by one unit when each row's value is rounded to a multiple of 2^shift first, in such
    /// multiples.
    ///
    /// Rounding takes no value beyond the next multiple, but may take two values one multiple further apart than they are.
    /// - Throws: `privacy.overflow`.
    func step(shift: Int) throws(GloveboxError) -> UInt128 {
        let each = Exact.quotientUp(change, UInt128(1) << UInt128(shift))
        return try Exact.product(rows, each + (shift > 0 && isDifference ? 1 : 0))
    }
}
