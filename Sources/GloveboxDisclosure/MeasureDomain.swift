internal import GloveboxPolicy
internal import GloveboxTables

/// How many different texts a released measure can have: what it can carry, whatever the rows are.
///
/// Source: release policy section 7.3.
enum MeasureDomain {
    /// Counts the decimals of that many significant digits that a sum, mean or proportion over at most `units` rows can
    /// be.
    static func size(_ variable: MeasuredVariable, digits: Int, rows: Int) -> Int64 {
        let rows = BigInteger(max(1, rows))
        let scale = BigInteger.power(ofTen: variable.decimals)
        let isSum = variable.statistic == .sum
        // The smallest step above zero: one step of the variable, shared by all rows unless they are added up.
        let least = Ratio(.one, isSum ? scale : scale * rows)
        func values(upTo bound: Int64, from: Int64) -> Int64 {
            guard bound > 0 else { return 0 }
            let highest = Ratio(isSum ? BigInteger(bound) * rows : BigInteger(bound), scale)
            let lowest = from > 0 ? Ratio(BigInteger(from), scale) : least
            return position(highest, digits) - position(lowest, digits) + 1
        }
        let bounds = variable.bounds
        let above = values(upTo: bounds.upperBound, from: bounds.lowerBound)
        let below = values(upTo: -bounds.lowerBound, from: -bounds.upperBound)
        // One more for zero, and one for NA.
        return above + below + 2
    }

    // The number of a rounded decimal among all decimals of that many digits.
    private static func position(_ value: Ratio, _ digits: Int) -> Int64 {
        let rounded = value.rounded(significantDigits: digits)
        var (mantissa, exponent) = (Int64(rounded.mantissa), Int64(rounded.exponent))
        let low = (1..<digits).reduce(Int64(1)) { product, _ in product * 10 }
        while mantissa < low {
            mantissa *= 10
            exponent -= 1
        }
        return exponent * 9 * low + mantissa - low
    }
}
