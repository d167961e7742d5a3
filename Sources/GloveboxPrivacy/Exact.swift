package import GloveboxCore

/// Integer arithmetic that reports an overflow instead of wrapping or trapping.
package enum Exact {
    /// The error for a number that left its range.
    package static let overflow = GloveboxError(
        "privacy.overflow",
        "a number left the range of 128-bit integers, so there is no answer",
        hint: "Ask for a narrower column, fewer rows for each unit, or a larger rho."
    )

    /// A product.
    ///
    /// - Throws: `privacy.overflow`.
    package static func product<I: FixedWidthInteger>(_ a: I, _ b: I) throws(GloveboxError) -> I {
        let (value, isOverflow) = a.multipliedReportingOverflow(by: b)
        guard !isOverflow else { throw overflow }
        return value
    }

    /// A sum.
    ///
    /// - Throws: `privacy.overflow`.
    package static func sum<I: FixedWidthInteger>(_ a: I, _ b: I) throws(GloveboxError) -> I {
        let (value, isOverflow) = a.addingReportingOverflow(b)
        guard !isOverflow else { throw overflow }
        return value
    }

    /// A magnitude with its sign.
    ///
    /// - Throws: `privacy.overflow`.
    package static func signed(_ magnitude: UInt128, isNegative: Bool) throws(GloveboxError) -> Int128 {
        guard let value = Int128(exactly: magnitude) else { throw overflow }
        return isNegative ? -value : value
    }

    /// n/d rounded up; the divisor is not zero.
    package static func quotientUp(_ n: UInt128, _ d: UInt128) -> UInt128 { n / d + (n % d == 0 ? 0 : 1) }

    /// n/d to the nearest integer, a tie to the even one; the divisor is positive.
    package static func quotientHalfEven(_ n: Int128, _ d: Int128) -> Int128 {
        var (quotient, rest) = n.quotientAndRemainder(dividingBy: d)
        if rest < 0 {
            quotient -= 1
            rest += d
        }
        // Not 2 * rest, which may be too large.
        let other = d - rest
        return rest > other || (rest == other && quotient % 2 != 0) ? quotient + 1 : quotient
    }

    /// The greatest integer whose square is at most n.
    package static func squareRoot(_ n: UInt128) -> UInt128 {
        guard n > 0 else { return 0 }
        // Newton's steps fall from any start above the root.
        var root = UInt128(1) << UInt128((129 - n.leadingZeroBitCount) / 2)
        while true {
            let next = (root + n / root) / 2
            if next >= root { return root }
            root = next
        }
    }
}
