package import GloveboxPolicy

extension RoundingRules.Counts {
    /// Rounds a count, which must not be negative.
    ///
    /// Source: release policy section 5.5.
    package func round(_ count: Int64) -> Int64 {
        switch mode {
        case .nearest:
            let below = count / base
            let rest = count - below * base
            // A tie goes to the even multiple.
            let up = 2 * rest > base || (2 * rest == base && !below.isMultiple(of: 2))
            return (below + (up ? 1 : 0)) * base
        case .midpoint:
            return count == 0 ? 0 : (count + base - 1) / base * base - base / 2
        }
    }

    /// How many values a released count can have when at most that many units exist.
    package func domainSize(population: Int) -> Int64 { Int64(population) / base + 1 }
}
