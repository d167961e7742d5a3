package import GloveboxCore
package import GloveboxPolicy
package import GloveboxTables

/// Which groups are named in an answer when the names themselves may tell something: those that enough units have.
///
/// A group of n units is kept with probability p(n), the largest that (ε, δ) allows: p(1) = δ', p(n+1) = min(e^ε'·p(n) + δ',
/// 1 - e^-ε'·(1 - p(n) - δ'), 1). All of it is in fixed point, each number on the side that promises no more than ε and δ.
/// Source: Desfontaines, Voss, Gipson and Mandayam, Differentially Private Partition Selection (2022); release policy
/// section 9.1.
package struct KeySelection: DocumentSection {
    /// What the selection may cost: ε of pure privacy with δ.
    package let epsilon: ExactDecimal
    /// Greater than zero and below one, in units of 10^-18.
    package let delta: ExactDecimal

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        epsilon = try fields.decimal("epsilon", ExactDecimal(mantissa: 1, exponent: -3)...ExactDecimal(10))
        delta = try fields.decimal(
            "delta",
            ExactDecimal(mantissa: 1, exponent: -18)...ExactDecimal(mantissa: 1, exponent: -2)
        )
        guard epsilon.scaled(decimals: 9) != nil, delta.scaled(decimals: 18) != nil else {
            throw fields.wrongValue("epsilon", "has at most 9 decimals, and delta at most 18")
        }
    }

    /// What it costs in zCDP: ε²/2, beside δ.
    ///
    /// - Throws: `privacy.epsilon`, `privacy.overflow`.
    package func rho() throws(GloveboxError) -> Rho { try Rho(pure: epsilon) }

    // Probabilities are multiples of 2^-127, since a draw takes as many bits.
    private static let bits = 127
    private static let one = BigInteger(Int128.max) + .one

    /// p(1), p(2), …, up to the first that is certain or to `most`, in units of 2^-127, when one unit is in at most
    /// `groups` groups.
    package func probabilities(groups: Int, upTo most: Int) -> [UInt128] {
        let growth = Self.exponentialBelow(Ratio(epsilon) * Ratio(.one, BigInteger(groups)))
        let step = Self.rootShare(Ratio(delta), groups)
        var found: [UInt128] = []
        var p = BigInteger.zero
        while found.count < most, p < Self.one {
            // Rounded down: a smaller p(n+1) is allowed by the same p(n).
            let grown = (Ratio(p) * growth).floor + step
            let rest = Self.one - p - step
            let shrunk = Self.one - (Ratio(rest) * Ratio(growth.denominator, growth.numerator)).ceiling
            p = rest.signum <= 0 ? Self.one : min(grown, shrunk, Self.one)
            found.append(UInt128(clamping: p.int128 ?? Int128.max) + (p == Self.one ? 1 : 0))
        }
        return found
    }

    /// The greatest number of units of 2^-127 that is at most 1 - (1 - δ)^(1/groups).
    private static func rootShare(_ delta: Ratio, _ groups: Int) -> BigInteger {
        let goal = Ratio(one) * (Ratio(.one) + Ratio(-delta.numerator, delta.denominator))
        var (low, high) = (BigInteger.zero, one)
        while low + .one < high {
            let middle = (low + high).half
            if Ratio(power(one - middle, groups)) >= goal { low = middle } else { high = middle }
        }
        return low
    }

    // (x / 2^127)^n in the same units, rounded down.
    private static func power(_ x: BigInteger, _ n: Int) -> BigInteger {
        var (result, square, rest) = (one, x, n)
        while rest > 0 {
            if rest & 1 == 1 { result = Ratio(result * square, one).floor }
            square = Ratio(square * square, one).floor
            rest >>= 1
        }
        return result
    }

    /// A fraction of 2^127 that is at most e^x and nearly is; x is not negative.
    private static func exponentialBelow(_ x: Ratio) -> Ratio {
        var (sum, term, n) = (one, one, 0)
        while term > .zero {
            n += 1
            term = Ratio(term * x.numerator, x.denominator * BigInteger(n)).floor
            sum += term
        }
        return Ratio(sum, one)
    }

    /// Draws which groups are kept, given the units in each.
    ///
    /// - Throws: what the source throws.
    package func keeps<Random: RandomSource>(
        _ units: [Int],
        groups: Int,
        _ sampler: inout Sampler<Random>
    ) throws(GloveboxError) -> [Bool] {
        let probabilities = probabilities(groups: groups, upTo: units.max() ?? 0)
        var kept: [Bool] = []
        for count in units {
            guard count > 0 else {
                kept.append(false)
                continue
            }
            let p = count <= probabilities.count ? probabilities[count - 1] : UInt128(1) << UInt128(Self.bits)
            kept.append(try sampler.bernoulli(p, UInt128(1) << UInt128(Self.bits)))
        }
        return kept
    }
}
