import Foundation
import GloveboxCore
import GloveboxPrivacy

/// The laws that samplers are held against, and the bounds of the tests; in floating point, which is exact enough here.
enum Laws {
    static let isLong = ProcessInfo.processInfo.environment["GLOVEBOX_LONG"] != nil

    /// P[X = k] of a discrete Gaussian.
    static func gaussian(_ k: Int, variance: Double) -> Double {
        let reach = Int((variance.squareRoot() * 45).rounded(.up)) + 10
        let total = (-reach...reach).reduce(0.0) { $0 + exp(-Double($1 * $1) / (2 * variance)) }
        return exp(-Double(k * k) / (2 * variance)) / total
    }

    /// P[X = k] of a discrete Laplace of scale b.
    static func laplace(_ k: Int, scale b: Double) -> Double {
        (exp(1 / b) - 1) / (exp(1 / b) + 1) * exp(-Double(abs(k)) / b)
    }

    /// Pearson's statistic over bins -reach...reach and the two tails, and its degrees of freedom.
    static func chiSquared(_ draws: [Int128], reach: Int, _ law: (Int) -> Double) -> (value: Double, freedom: Int) {
        var counts = [Double](repeating: 0, count: 2 * reach + 3)
        for draw in draws { counts[min(max(Int(draw), -reach - 1), reach + 1) + reach + 1] += 1 }
        var expected = [0.0] + (-reach...reach).map { law($0) * Double(draws.count) } + [0.0]
        let tail = (Double(draws.count) - expected.reduce(0, +)) / 2
        expected[0] = tail
        expected[expected.count - 1] = tail
        return (zip(counts, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) / $1.1 }, counts.count - 1)
    }

    /// The χ² value that a true law exceeds with probability 10^-9 (Wilson and Hilferty, within 1 % of the tables).
    static func chiSquaredLimit(_ freedom: Int) -> Double {
        let (k, z) = (Double(freedom), 5.997807)
        return k * pow(1 - 2 / (9 * k) + z * (2 / (9 * k)).squareRoot(), 3) * 1.01
    }

    /// One-sided Clopper-Pearson limits of a share at α: bisection over the binomial tail.
    static func shareAtLeast(_ hits: Int, of n: Int, alpha: Double) -> Double {
        hits == 0 ? 0 : bisect { mass(hits...n, n, $0) < alpha }
    }
    static func shareAtMost(_ hits: Int, of n: Int, alpha: Double) -> Double {
        hits == n ? 1 : bisect { mass(0...hits, n, $0) >= alpha }
    }

    // P[Binomial(n, p) is in a range]; of small chances, so not one less the rest
    private static func mass(_ range: ClosedRange<Int>, _ n: Int, _ p: Double) -> Double {
        range.reduce(0.0) { sum, i in
            let choose = lgamma(Double(n) + 1) - lgamma(Double(i) + 1) - lgamma(Double(n - i) + 1)
            return sum + exp(choose + Double(i) * log(p) + Double(n - i) * log1p(-p))
        }
    }
    private static func bisect(_ isLow: (Double) -> Bool) -> Double {
        var (low, high) = (1e-12, 1 - 1e-12)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if isLow(middle) { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

/// A source that plays one bit string and then has no more.
struct ScriptedBits: RandomSource {
    static let exhausted = GloveboxError("test.exhausted", "no bits left")

    let script: UInt32
    let length: Int
    var used = 0

    mutating func bits(_ count: Int) throws(GloveboxError) -> UInt128 {
        var value: UInt128 = 0
        for _ in 0..<count {
            guard used < length else { throw Self.exhausted }
            value = value << 1 | UInt128(script >> UInt32(length - 1 - used) & 1)
            used += 1
        }
        return value
    }
}
