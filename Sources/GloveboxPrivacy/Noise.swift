internal import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxTables

/// The noise on a vector of integers, in a unit that may be coarser than the data's.
///
/// A pure value: drawing needs a sampler. Source: release policy section 9.2.
package struct Noise: Hashable, Sendable {
    /// The distribution with its scale.
    package enum Law: Hashable, Sendable {
        case gaussian(GaussianVariance)
        case laplace(LaplaceScale)
    }

    package let law: Law
    /// One unit of noise is 2^shift units of the data.
    package let shift: Int

    /// The smallest noise that gives `rho` when one unit changes numbers by so much.
    ///
    /// The unit is doubled until the scale is below 2^20.
    /// - Throws: `privacy.scale`, `privacy.overflow`.
    init(_ kind: Mechanism.Noise, rho: Rho, _ sensitivity: Sensitivity) throws(GloveboxError) {
        try self.init(sensitivity) { (step) throws(GloveboxError) in
            switch kind {
            case .discreteGaussian:
                let squared = try Exact.product(sensitivity.cells, Exact.product(step, step))
                return .gaussian(try rho.variance(squaredSensitivity: squared))
            case .discreteLaplace: return .laplace(try Self.laplace(rho, Exact.product(sensitivity.cells, step)))
            }
        }
    }

    /// Laplace noise of scale groups * step / ε, which is ε-differentially private when one unit changes `groups` parts of
    /// one number by at most `step` each.
    ///
    /// - Throws: `privacy.scale`, `privacy.epsilon`, `privacy.overflow`.
    init(epsilon: ExactDecimal, step: UInt128, groups: UInt128) throws(GloveboxError) {
        guard let billionths = epsilon.scaled(decimals: 9), billionths > 0 else {
            throw GloveboxError("privacy.epsilon", "epsilon must be above zero with at most 9 decimals")
        }
        try self.init(Sensitivity(change: step, cells: groups)) { (coarse) throws(GloveboxError) in
            let sensitivity = try Exact.product(Exact.product(groups, coarse), 1_000_000_000)
            return .laplace(try LaplaceScale(atLeast: sensitivity, UInt128(billionths)))
        }
    }

    // The finest unit in which the sampler can draw the law.
    private init(
        _ sensitivity: Sensitivity,
        _ law: (UInt128) throws(GloveboxError) -> Law
    ) throws(GloveboxError) {
        guard sensitivity.change > 0 else {
            throw GloveboxError("privacy.scale", "the column can hold nothing but zero")
        }
        var shift = 0
        while true {
            do {
                self.law = try law(sensitivity.step(shift: shift))
                self.shift = shift
                return
            } catch {
                guard sensitivity.change >> UInt128(shift) > 0 else { throw error }
                shift += 1
            }
        }
    }

    /// Noise of a known law, in units of the data.
    package init(_ law: Law) { (self.law, shift) = (law, 0) }

    // The largest ε in units of 10^-9 with ε²/2 <= ρ.
    private static func laplace(_ rho: Rho, _ sensitivity: UInt128) throws(GloveboxError) -> LaplaceScale {
        let epsilon = Exact.squareRoot(try Exact.product(2_000_000, rho.units))
        guard epsilon > 0 else { throw GloveboxError("privacy.scale", "rho is too small") }
        return try LaplaceScale(atLeast: Exact.product(sensitivity, 1_000_000_000), epsilon)
    }

    /// A value in units of the noise: half to even.
    func coarse(_ value: Int128) -> Int128 { Exact.quotientHalfEven(value, Int128(1) << Int128(shift)) }

    /// A sum in units of the noise, with noise, in units of the data.
    ///
    /// - Throws: `privacy.overflow`.
    func apply<Random: RandomSource>(
        _ sum: Int128,
        _ sampler: inout Sampler<Random>
    ) throws(GloveboxError) -> Int128 {
        let noise: Int128
        switch law {
        case .gaussian(let variance): noise = try sampler.gaussian(variance)
        case .laplace(let scale): noise = try sampler.laplace(scale)
        }
        return try Exact.product(Exact.sum(sum, noise), Int128(1) << Int128(shift))
    }

    /// What an answer reports: law, scale and the distance that holds with probability 95 %, rounded up.
    ///
    /// For a mean it is that of the sum, divided by how many numbers were added.
    func report(of name: String, decimals: Int, count: UInt128 = 1) throws(GloveboxError) -> JSONObject {
        let millionths: UInt128
        let near: UInt128
        let word: Mechanism.Noise
        switch law {
        case .gaussian(let variance):
            let squared = try Exact.product(variance.numerator, Rho.one) / variance.denominator
            millionths = Exact.squareRoot(squared) + 1
            near = Accuracy.gaussian95(variance)
            word = .discreteGaussian
        case .laplace(let scale):
            millionths = Exact.quotientUp(try Exact.product(scale.numerator, 1_000_000), scale.denominator)
            near = Accuracy.laplace95(scale)
            word = .discreteLaplace
        }
        func text(_ millionths: UInt128) throws(GloveboxError) -> JSONValue {
            let units = Exact.quotientUp(try Exact.product(millionths, UInt128(1) << UInt128(shift)), count)
            return .string(
                ExactDecimal(mantissa: try Exact.signed(units, isNegative: false), exponent: -decimals - 6).text
            )
        }
        return JSONObject([
            ("of", .string(name)), ("law", .string(word.rawValue)), ("scale", try text(millionths)),
            ("accuracy95", try text(Exact.product(near, 1_000_000))),
        ])
    }
}
