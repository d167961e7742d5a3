package import GloveboxPolicy
package import GloveboxTables

/// The rules by which a few contributors dominate a sum, on exact numbers.
///
/// Source: release policy section 5.3.
package enum Dominance {
    /// The p% rule: X − x1 − x2 < (p/100)·x1.
    package static func violatesP(_ cell: Contributions, percent: ExactDecimal) -> Bool {
        violatesPQ(cell, p: percent, q: ExactDecimal(100))
    }

    /// The (p,q) rule: X − x1 − x2 < (p/q)·x1.
    package static func violatesPQ(_ cell: Contributions, p: ExactDecimal, q: ExactDecimal) -> Bool {
        isLess(cell.total - cell.sum(ofLargest: 2), times: q, than: cell.sum(ofLargest: 1), times: p)
    }

    /// The (n,k) rule: x1 + … + xn ≥ (k/100)·X, or > with the comparator `gt`.
    package static func violatesNK(_ cell: Contributions, _ rule: DominanceCheck.LargestShare) -> Bool {
        let (share, percent) = (cell.sum(ofLargest: Int(rule.n)), ExactDecimal(100))
        return rule.comparator == .greaterOrEqual
            ? !isLess(share, times: percent, than: cell.total, times: rule.k)
            : isLess(cell.total, times: rule.k, than: share, times: percent)
    }

    /// Whether a·p < b·q, exactly: in 128 bits where the products fit.
    private static func isLess(_ a: Int128, times p: ExactDecimal, than b: Int128, times q: ExactDecimal) -> Bool {
        let decimals = max(0, -p.exponent, -q.exponent)
        if let p = p.scaled(decimals: decimals), let q = q.scaled(decimals: decimals) {
            let (left, right) = (
                a.multipliedReportingOverflow(by: Int128(p)), b.multipliedReportingOverflow(by: Int128(q))
            )
            if !left.overflow, !right.overflow { return left.partialValue < right.partialValue }
        }
        return Ratio(BigInteger(a)) * Ratio(p) < Ratio(BigInteger(b)) * Ratio(q)
    }

    /// How much wider the p% rule wants a cell's sum to be known at most: (p/100)·x1 − (X − x1 − x2).
    package static func protectionP(_ cell: Contributions, percent: ExactDecimal) -> Ratio {
        Ratio(percent) * Ratio(BigInteger(cell.sum(ofLargest: 1)), BigInteger(100))
            + Ratio(BigInteger(cell.sum(ofLargest: 2) - cell.total))
    }

    /// The same of the (n,k) rule: (100/k)·(x1 + … + xn) − X; k is not zero.
    package static func protectionNK(_ cell: Contributions, n: Int, k: ExactDecimal) -> Ratio {
        let k = Ratio(k)
        let top = Ratio(BigInteger(cell.sum(ofLargest: n) * 100))
        return Ratio(top.numerator * k.denominator, top.denominator * k.numerator) + Ratio(BigInteger(-cell.total))
    }

    /// The p of the p% rule that a (2,k) rule never falls short of: 100·(100 − k)/k; k is not zero.
    package static func equivalentP(k: ExactDecimal) -> Ratio {
        let k = Ratio(k)
        return Ratio((BigInteger(100) * k.denominator - k.numerator) * BigInteger(100), k.numerator)
    }
}

extension DominanceCheck {
    /// How many of the largest contributions the rules look at.
    var depth: Int { max(2, Int(nk.n)) }

    /// Whether few contributors dominate, when none is below zero.
    ///
    /// Of an all-zero sum every contributor is known: it is unsafe when zeros are disclosive.
    package func isUnsafe(_ cell: Contributions, zeros: ThresholdCheck.Kind) -> Bool {
        guard cell.count > 0 else { return false }
        guard cell.total != 0 else { return zeros == .disclosive }
        return Dominance.violatesP(cell, percent: p) || Dominance.violatesNK(cell, nk)
    }
}
