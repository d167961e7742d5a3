package import GloveboxCore
internal import GloveboxTables

/// The variance of a discrete Gaussian in squared integer units, as a fraction.
package struct GaussianVariance: Hashable, Sendable {
    /// Denominators are 1 or 2^20, so that no product of the sampler leaves 128 bits.
    static let finest: UInt128 = 1 << 20
    /// Largest variance: above it the unit is made coarser instead.
    package static let largest: UInt128 = 1 << 40

    package let numerator: UInt128
    package let denominator: UInt128

    /// The smallest variance that is at least n/d and a multiple of 2^-20, or an integer from 2^20 on.
    ///
    /// - Throws: `privacy.scale` when it is zero or above 2^40; `privacy.overflow`.
    package init(atLeast n: UInt128, _ d: UInt128) throws(GloveboxError) {
        guard n > 0, d > 0, Exact.quotientUp(n, d) <= Self.largest else {
            throw GloveboxError("privacy.scale", "the noise would be zero or wider than 2^20 units")
        }
        let whole = Exact.quotientUp(n, d)
        if whole > Self.finest {
            (numerator, denominator) = (whole, 1)
        } else {
            (numerator, denominator) = (Exact.quotientUp(try Exact.product(n, Self.finest), d), Self.finest)
        }
    }
}

/// The scale of a discrete Laplace in integer units, as a fraction.
package struct LaplaceScale: Hashable, Sendable {
    /// Numerator and denominator stay below this.
    package static let bound: UInt128 = 1 << 40

    package let numerator: UInt128
    package let denominator: UInt128

    /// A whole number of units, at least 1.
    package init(_ units: UInt128) { (numerator, denominator) = (units, 1) }

    /// The scale n/d, or the next larger one whose terms are below 2^40.
    ///
    /// - Throws: `privacy.scale` when it is zero or 2^20 units or more; `privacy.overflow`.
    package init(atLeast n: UInt128, _ d: UInt128) throws(GloveboxError) {
        guard n > 0, d > 0, n / d < 1 << 20 else {
            throw GloveboxError("privacy.scale", "the noise would be zero or wider than 2^20 units")
        }
        if n < Self.bound, d < Self.bound {
            (numerator, denominator) = (n, d)
        } else {
            (numerator, denominator) = (Exact.quotientUp(try Exact.product(n, 1 << 19), d), 1 << 19)
        }
    }
}
