package import GloveboxTables

internal import func Glibc.exp
internal import func Glibc.log
internal import func Glibc.log1p

/// What an amount of zCDP means in ε and δ: reported, never used to decide.
package enum PrivacyLoss {
    /// ε at a δ, rounded up to six decimals.
    ///
    /// The minimum over α > 1 of αρ + ln((α-1)/α) - (ln δ + ln α)/(α-1). Every α gives a true bound, so that an
    /// imperfect search can only report too much. Source: Canonne, Kamath and Steinke (2020), proposition 12.
    package static func epsilon(rho: Double, delta: Double) -> Double {
        guard rho > 0 else { return 0 }
        guard delta > 0, delta < 1 else { return .infinity }
        let best = minimum { step in bound(order: 1 + exp(step), delta: delta) { order in order * rho } }
        return roundedUp(max(0, best))
    }

    /// ε of an amount at a δ as decimal text, rounded up.
    package static func epsilonText(_ rho: Rho, delta: ExactDecimal) -> String {
        let value = epsilon(rho: Double(rho.units) / 1e12, delta: double(delta))
        guard value.isFinite, value < 1e12 else { return "unbounded" }
        return ExactDecimal(mantissa: Int128((value * 1e6).rounded(.up)), exponent: -6).text
    }

    /// The largest ρ, to a relative 10^-9, whose ε at this δ is at most the one given.
    package static func rho(epsilon target: Double, delta: Double) -> Double {
        var (low, high) = (0.0, target + 1)
        while high - low > 1e-10 * high {
            let middle = (low + high) / 2
            if epsilon(rho: middle, delta: delta) <= target { low = middle } else { high = middle }
        }
        return low
    }

    /// ε from Rényi divergence of one order.
    static func bound(order: Double, delta: Double, _ divergence: (Double) -> Double) -> Double {
        divergence(order) + log1p(-1 / order) - (log(delta) + log(order)) / (order - 1)
    }

    /// Six decimals upwards, after room for the rounding of the arithmetic itself.
    static func roundedUp(_ value: Double) -> Double { (value * (1 + 1e-9) * 1e6).rounded(.up) / 1e6 }

    static func double(_ decimal: ExactDecimal) -> Double { Double(decimal.text) ?? .nan }

    // Golden section over ln(α - 1); the function has one minimum.
    private static func minimum(_ value: (Double) -> Double) -> Double {
        let ratio = (5.0.squareRoot() - 1) / 2
        var (low, high) = (-20.0, 40.0)
        for _ in 0..<120 {
            let (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
            if value(left) < value(right) { high = right } else { low = left }
        }
        return value((low + high) / 2)
    }
}
