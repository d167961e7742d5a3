package import GloveboxCore
package import GloveboxTables

/// An amount of zero-concentrated differential privacy, in units of 10^-12: adding is exact.
///
/// Source: Bun and Steinke, Concentrated Differential Privacy (2016): amounts add up.
package struct Rho: Hashable, Comparable, Sendable {
    /// Decimal places of a unit.
    package static let decimals = 12
    /// Units in 1.
    static let one: UInt128 = 1_000_000_000_000

    package let units: UInt128

    /// A number of units.
    package init(units: UInt128) { self.units = units }

    /// Nothing.
    package static let zero = Rho(units: 0)

    /// A decimal number; nil when it is negative, finer than a unit, or above 10^6.
    package init?(_ decimal: ExactDecimal) {
        guard let units = decimal.scaled(decimals: Self.decimals), units >= 0 else { return nil }
        self.units = UInt128(units)
    }

    /// The smallest amount that is at least n/d.
    ///
    /// - Throws: `privacy.overflow`.
    package init(atLeast n: UInt128, _ d: UInt128) throws(GloveboxError) {
        units = Exact.quotientUp(try Exact.product(n, Self.one), d)
    }

    /// What an answer that is ε-differentially private costs: ε²/2, rounded up.
    ///
    /// - Throws: `privacy.overflow`, `privacy.epsilon` for an ε below zero, above 10^6 or finer than 10^-9.
    package init(pure epsilon: ExactDecimal) throws(GloveboxError) {
        guard let scaled = epsilon.scaled(decimals: 9), (0...1_000_000_000_000_000).contains(scaled) else {
            throw GloveboxError("privacy.epsilon", "epsilon must be 0 to 10^6 with at most 9 decimals")
        }
        // (e / 10^9)^2 / 2 in units of 10^-12.
        let square = try Exact.product(UInt128(scaled), UInt128(scaled))
        units = Exact.quotientUp(square, 2_000_000)
    }

    /// The sum.
    ///
    /// - Throws: `privacy.overflow`.
    package func adding(_ other: Rho) throws(GloveboxError) -> Rho {
        Rho(units: try Exact.sum(units, other.units))
    }

    /// What the amount protects a group of `size` units by: size² times as much.
    ///
    /// - Throws: `privacy.overflow`.
    package func forGroup(of size: UInt128) throws(GloveboxError) -> Rho {
        Rho(units: try Exact.product(units, Exact.product(size, size)))
    }

    /// The variance of the Gaussian that gives this amount for a squared sensitivity: Δ²/(2ρ), rounded up.
    ///
    /// - Throws: `privacy.scale`, `privacy.overflow`.
    package func variance(squaredSensitivity: UInt128) throws(GloveboxError) -> GaussianVariance {
        guard units > 0 else { throw GloveboxError("privacy.scale", "rho must be above zero") }
        return try GaussianVariance(atLeast: Exact.product(squaredSensitivity, Self.one), 2 * units)
    }

    /// Half, rounded down.
    package var half: Rho { Rho(units: units / 2) }

    /// The decimal text, such as `0.005`.
    package var text: String { ExactDecimal(mantissa: Int128(clamping: units), exponent: -Self.decimals).text }

    package static func < (left: Self, right: Self) -> Bool { left.units < right.units }
}
