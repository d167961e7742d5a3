/// An exact fraction.
///
/// Comparisons cross-multiply; nothing is divided before the one rounding at the end.
package struct Ratio: Sendable, Comparable {
    /// The numerator, with the sign.
    package let numerator: BigInteger
    /// The denominator, above zero; the fraction need not be in lowest terms.
    package let denominator: BigInteger

    /// A fraction; the denominator is not zero.
    package init(_ numerator: BigInteger, _ denominator: BigInteger = .one) {
        precondition(denominator.signum != 0, "a fraction over zero")
        self.numerator = denominator.signum < 0 ? -numerator : numerator
        self.denominator = denominator.magnitude
    }

    /// The same value as a decimal number.
    package init(_ decimal: ExactDecimal) {
        let scale = BigInteger.power(ofTen: abs(decimal.exponent))
        let mantissa = BigInteger(decimal.mantissa)
        self = decimal.exponent < 0 ? Ratio(mantissa, scale) : Ratio(mantissa * scale)
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.numerator * right.denominator == right.numerator * left.denominator
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.numerator * right.denominator < right.numerator * left.denominator
    }

    package static func + (left: Self, right: Self) -> Self {
        // Else a sum of many would be a fraction of very long numbers.
        if left.denominator == right.denominator { return Ratio(left.numerator + right.numerator, left.denominator) }
        return Ratio(
            left.numerator * right.denominator + right.numerator * left.denominator,
            left.denominator * right.denominator
        )
    }

    package static func * (left: Self, right: Self) -> Self {
        Ratio(left.numerator * right.numerator, left.denominator * right.denominator)
    }

    /// The greatest integer that is not above it.
    package var floor: BigInteger {
        let (quotient, rest) = numerator.quotientAndRemainder(dividingBy: denominator)
        return rest.signum < 0 ? quotient - .one : quotient
    }

    /// The least integer that is not below it.
    package var ceiling: BigInteger { -Ratio(-numerator, denominator).floor }

    /// The decimal with at most 1 to 15 significant digits that is nearest; a tie goes to the even digit.
    ///
    /// Source: release policy section 5.5.
    package func rounded(significantDigits digits: Int) -> ExactDecimal {
        precondition((1...15).contains(digits), "1 to 15 significant digits")
        guard numerator.signum != 0 else { return .zero }
        // log10 from the numbers of bits is off by at most one place either way, which the loop mends.
        var exponent = (numerator.bitWidth - denominator.bitWidth) * 30103 / 100_000 - digits
        let (low, high) = (BigInteger.power(ofTen: digits - 1), BigInteger.power(ofTen: digits))
        var scaled = Ratio(numerator.magnitude, denominator).shifted(places: -exponent)
        while Ratio(high) <= scaled || scaled < Ratio(low) {
            exponent += scaled < Ratio(low) ? -1 : 1
            scaled = Ratio(numerator.magnitude, denominator).shifted(places: -exponent)
        }
        var (digitsFound, rest) = scaled.numerator.quotientAndRemainder(dividingBy: scaled.denominator)
        let twice = rest + rest
        if twice > scaled.denominator || (twice == scaled.denominator && !digitsFound.isEven) { digitsFound += .one }
        let mantissa = digitsFound.int128 ?? 0
        return ExactDecimal(mantissa: numerator.signum < 0 ? -mantissa : mantissa, exponent: exponent)
    }

    /// Whether a claimed number is within 10^-9 · max(1, |self|).
    ///
    /// Source: release policy section 4, step 7.
    package func isWithinBillionth(of claim: ExactDecimal) -> Bool {
        let claimed = Ratio(claim)
        let difference = claimed + Ratio(-numerator, denominator)
        let allowed = max(Ratio(.one), Ratio(numerator.magnitude, denominator))
        return Ratio(difference.numerator.magnitude * BigInteger(1_000_000_000), difference.denominator) <= allowed
    }

    private func shifted(places: Int) -> Ratio {
        let scale = BigInteger.power(ofTen: abs(places))
        return places < 0 ? Ratio(numerator, denominator * scale) : Ratio(numerator * scale, denominator)
    }
}
