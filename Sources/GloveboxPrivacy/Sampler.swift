package import GloveboxCore

/// Exact samplers in integer arithmetic: no logarithm, no exponential, no floating point.
///
/// Source: Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy (2020), algorithms 1 to 3.
package struct Sampler<Random: RandomSource> {
    private var random: Random

    /// Draws from a source.
    package init(_ random: Random) { self.random = random }

    /// A number below `bound`, each with the same probability.
    ///
    /// The bound is 1 to 2^127.
    /// - Throws: what the source throws.
    package mutating func uniform(below bound: UInt128) throws(GloveboxError) -> UInt128 {
        let width = 128 - (bound - 1).leadingZeroBitCount
        while true {
            let value = try random.bits(width)
            if value < bound { return value }
        }
    }

    /// True with probability n/d.
    ///
    /// - Throws: what the source throws.
    package mutating func bernoulli(_ n: UInt128, _ d: UInt128) throws(GloveboxError) -> Bool {
        try uniform(below: d) < n
    }

    /// True with probability exp(-n/d).
    ///
    /// - Throws: `privacy.overflow`, and what the source throws.
    package mutating func bernoulliExp(_ n: UInt128, _ d: UInt128) throws(GloveboxError) -> Bool {
        var rest = n
        while rest > d {
            if try !fractionExp(1, 1) { return false }
            rest -= d
        }
        return try fractionExp(rest, d)
    }

    // exp(-n/d) for n <= d: the length of a run of ever less likely events is odd with that probability.
    private mutating func fractionExp(_ n: UInt128, _ d: UInt128) throws(GloveboxError) -> Bool {
        var length: UInt128 = 1
        while try bernoulli(n, Exact.product(d, length)) { length += 1 }
        return length % 2 == 1
    }

    /// An integer x with probability proportional to exp(-|x| * t/s): discrete Laplace of scale s/t.
    ///
    /// - Throws: `privacy.overflow`, and what the source throws.
    package mutating func laplace(_ scale: LaplaceScale) throws(GloveboxError) -> Int128 {
        let (s, t) = (scale.numerator, scale.denominator)
        while true {
            let low = try uniform(below: s)
            guard try bernoulliExp(low, s) else { continue }
            var high: UInt128 = 0
            while try fractionExp(1, 1) { high += 1 }
            let size = try Exact.sum(low, Exact.product(s, high)) / t
            let isNegative = try bernoulli(1, 2)
            // Zero would come up under both signs.
            if isNegative, size == 0 { continue }
            return try Exact.signed(size, isNegative: isNegative)
        }
    }

    /// An integer x with probability proportional to exp(-x^2 / (2 * variance)): discrete Gaussian.
    ///
    /// - Throws: `privacy.overflow`, and what the source throws.
    package mutating func gaussian(_ variance: GaussianVariance) throws(GloveboxError) -> Int128 {
        let (p, q) = (variance.numerator, variance.denominator)
        let tau = Exact.squareRoot(p / q) + 1
        let scale = LaplaceScale(tau)
        let divisor = try Exact.product(Exact.product(2 * p, q), tau * tau)
        while true {
            let candidate = try laplace(scale)
            let scaled = try Exact.product(candidate.magnitude, Exact.product(tau, q))
            let gap = scaled > p ? scaled - p : p - scaled
            if try bernoulliExp(Exact.product(gap, gap), divisor) { return candidate }
        }
    }
}
