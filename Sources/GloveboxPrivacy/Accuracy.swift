internal import func Glibc.exp
internal import func Glibc.log
internal import func Glibc.sqrt

/// How far a noisy number is from the exact one: with probability 95 % by less than this many units.
package enum Accuracy {
    private static let alpha = 0.05

    /// The smallest integer a with P[|X| >= a] <= 0.05 for a discrete Gaussian.
    package static func gaussian95(_ variance: GaussianVariance) -> UInt128 {
        let squared = Double(variance.numerator) / Double(variance.denominator)
        let sigma = sqrt(squared)
        // From here on the lattice is so fine that the continuous quantile, rounded up, is the same to a unit.
        guard sigma < 64 else { return UInt128((1.959963984540055 * sigma).rounded(.up)) + 1 }
        let reach = Int((sigma * 40).rounded(.up)) + 10
        let weights = (0...reach).map { exp(-Double($0 * $0) / (2 * squared)) }
        let total = 2 * weights.reduce(0, +) - 1
        var tail = 1.0
        for (value, weight) in weights.enumerated() {
            if tail <= alpha { return UInt128(value) }
            tail -= (value == 0 ? 1 : 2) * weight / total
        }
        return UInt128(reach)
    }

    /// The same for a discrete Laplace: b ln(2 / (α (e^(1/b) + 1))) + 1, rounded up.
    package static func laplace95(_ scale: LaplaceScale) -> UInt128 {
        UInt128(max(0, laplace(Double(scale.numerator) / Double(scale.denominator))).rounded(.up))
    }

    /// The exact crossing of the Laplace tail, in units.
    package static func laplace(_ b: Double) -> Double { b * log(2 / (alpha * (exp(1 / b) + 1))) + 1 }
}
