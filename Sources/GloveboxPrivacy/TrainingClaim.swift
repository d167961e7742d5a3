package import GloveboxCore

internal import func Glibc.erfc
internal import func Glibc.exp
internal import func Glibc.expm1
internal import func Glibc.log
internal import func Glibc.log1p

/// The ε that training with a subsampled Gaussian would have by its parameters.
///
/// It is a claim of the job, computed anew from what the job states and labelled so; it never replaces a check and never
/// touches the ledger. Source: Mironov, Talwar and Zhang, Rényi Differential Privacy of the Sampled Gaussian
/// Mechanism (2019), section 3.3.
package struct TrainingClaim: Hashable, Sendable {
    /// Probability with which each unit is in a step (Poisson sampling).
    package let rate: Double
    /// Standard deviation of the noise in units of the clipping norm.
    package let noise: Double
    /// Number of steps.
    package let steps: Int

    /// The orders over which the best bound is taken.
    package static let orders: [Double] = (11...109).map { Double($0) / 10 } + (12...63).map(Double.init)

    /// Takes parameters.
    ///
    /// - Throws: `privacy.claim` for a rate outside (0, 1], noise outside [0.01, 10^6] or steps outside 1 to 10^9.
    package init(rate: Double, noise: Double, steps: Int) throws(GloveboxError) {
        guard rate > 0, rate <= 1, noise >= 0.01, noise <= 1e6, (1...1_000_000_000).contains(steps) else {
            throw GloveboxError(
                "privacy.claim",
                "a training claim needs a rate in (0, 1], noise in [0.01, 10^6] and 1 to 10^9 steps"
            )
        }
        (self.rate, self.noise, self.steps) = (rate, noise, steps)
    }

    /// ε at δ, rounded up, and the order that gave it.
    package func epsilon(delta: Double) -> (epsilon: Double, order: Double) {
        var best = (epsilon: Double.infinity, order: Double.nan)
        for order in Self.orders {
            let value = PrivacyLoss.bound(order: order, delta: delta) { divergence(order: $0) * Double(steps) }
            if value < best.epsilon { best = (value, order) }
        }
        return (PrivacyLoss.roundedUp(max(0, best.epsilon)), best.order)
    }

    /// Rényi divergence of one step; the order is above 1.
    package func divergence(order: Double) -> Double {
        guard rate < 1 else { return order / (2 * noise * noise) }
        let log = order == order.rounded() ? wholeMoment(Int(order)) : fractionalMoment(order)
        return max(0, log) / (order - 1)
    }

    // ln Σ C(a,k) (1-q)^(a-k) q^k exp((k² - k) / 2σ²)
    private func wholeMoment(_ order: Int) -> Double {
        var sum = -Double.infinity
        var binomial = 0.0
        for k in 0...order {
            let (k, a) = (Double(k), Double(order))
            if k > 0 { binomial += log((a - k + 1) / k) }
            let exponent = (k * k - k) / (2 * noise * noise)
            sum = Self.logSum(sum, binomial + (a - k) * log1p(-rate) + k * log(rate) + exponent)
        }
        return sum
    }

    // Two infinite series, one for each side of the point z where the densities cross.
    private func fractionalMoment(_ order: Double) -> Double {
        let crossing = noise * noise * log(1 / rate - 1) + 0.5
        var sides = (-Double.infinity, -Double.infinity)
        var binomial = 0.0  // ln |C(order, i)|
        var isNegative = false
        let width = 2.0.squareRoot() * noise
        for i in 0..<100_000 {
            let i = Double(i)
            let j = order - i
            func term(_ power: Double, _ argument: Double) -> Double {
                let mixture = power * log(rate) + (order - power) * log1p(-rate)
                return binomial + mixture + (power * power - power) / (2 * noise * noise) + Self.logHalfErfc(argument)
            }
            let terms = (term(i, (i - crossing) / width), term(j, (crossing - j) / width))
            sides.0 = isNegative ? Self.logDifference(sides.0, terms.0) : Self.logSum(sides.0, terms.0)
            sides.1 = isNegative ? Self.logDifference(sides.1, terms.1) : Self.logSum(sides.1, terms.1)
            if max(terms.0, terms.1) < -40, i > order { break }
            let factor = (order - i) / (i + 1)
            if factor < 0 { isNegative.toggle() }
            binomial += log(factor.magnitude)
        }
        return Self.logSum(sides.0, sides.1)
    }

    private static func logHalfErfc(_ x: Double) -> Double {
        if x < 25 { return log(erfc(x) / 2) }
        // erfc underflows; its asymptotic series does not.
        let inverse = 1 / (2 * x * x)
        return -x * x - log(2 * x * Double.pi.squareRoot()) + log1p(-inverse * (1 - 3 * inverse))
    }

    private static func logSum(_ a: Double, _ b: Double) -> Double {
        let (low, high) = (min(a, b), max(a, b))
        return low == -.infinity ? high : high + log1p(exp(low - high))
    }

    // ln(e^a - e^b); the series is kept at the last bound when rounding turns the difference around.
    private static func logDifference(_ a: Double, _ b: Double) -> Double {
        guard b < a else { return a }
        return a + log(-expm1(b - a))
    }
}
