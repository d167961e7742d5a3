package import GloveboxPolicy
package import GloveboxTables

/// Finds how many digits of means may stand beside rounded counts before the two give the exact counts away.
///
/// A mean is a whole number of the variable's smallest steps divided by the count, and often only one count near the
/// rounded one fits. Source: release policy section 5.5.
package struct MeanAudit {
    private let rounding: RoundingRules.Counts
    private let minUnits: Int64

    /// Sets the rounding of the counts and the least count that is released.
    package init(_ rounding: RoundingRules.Counts, minUnits: Int64) {
        self.rounding = rounding
        self.minUnits = minUnits
    }

    /// How many counts fit a released count and a mean rounded to that many digits.
    ///
    /// The variable's values are integers times 10^-`decimals`.
    package func fits(count: Int64, mean: ExactDecimal, digits: Int, decimals: Int) -> Int {
        candidates(count).count { Self.isPossible($0, mean, digits, decimals) }
    }

    /// The greatest number of digits, at most `digits`, with which at least three counts fit every cell; nil when one digit is
    /// too many, as it is where fewer than three counts round to the released one.
    package func digits(
        _ cells: [(count: Int64, mean: Ratio)],
        atMost digits: Int,
        decimals: Int
    ) -> Int? {
        (1...digits).reversed().first { digits in
            cells.allSatisfy { cell in
                let count = rounding.round(cell.count)
                let mean = cell.mean.rounded(significantDigits: digits)
                return fits(count: count, mean: mean, digits: digits, decimals: decimals) >= 3
            }
        }
    }

    private func candidates(_ count: Int64) -> [Int64] {
        (max(minUnits, count - rounding.base)...max(minUnits, count + rounding.base)).filter {
            rounding.round($0) == count
        }
    }

    // Whether some whole number of steps, divided by the count, rounds to the mean.
    private static func isPossible(_ count: Int64, _ mean: ExactDecimal, _ digits: Int, _ decimals: Int) -> Bool {
        guard mean != .zero else { return true }
        let steps = BigInteger(count) * BigInteger.power(ofTen: decimals)
        // The sum lies within one unit of the last digit, so only sums next to the ends can round away.
        let sum = Ratio(mean) * Ratio(steps)
        for nearby in [sum.floor, sum.floor + .one]
        where Ratio(nearby, steps).rounded(significantDigits: digits) == mean { return true }
        return false
    }
}
