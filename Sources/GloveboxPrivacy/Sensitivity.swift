internal import GloveboxCore
internal import GloveboxPolicy

/// How much one unit can change a vector of sums: so many of them by at most so much.
struct Sensitivity {
    /// Greatest change of one number.
    let step: UInt128
    /// Greatest number of numbers that change.
    let cells: UInt128

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
        let change: UInt128
        switch neighbour {
        case .addRemove: (change, cells) = (largest, groups)
        case .changeOne where isGrouped:
            (change, cells) = (max(largest, (max(high, 0) - min(low, 0)).magnitude), try Exact.product(2, groups))
        case .changeOne: (change, cells) = ((max(high, 0) - min(low, 0)).magnitude, 1)
        }
        step = try Exact.product(change, UInt128(bounds.rows))
    }
}
