import GloveboxCore
import GloveboxPrivacy

/// Draws discrete Gaussians of rising variance and prints, for each, the microseconds of one draw: the median of 21 turns.
@main struct PrivacyBench {
    static func main() throws {
        for power in [0, 10, 20, 30, 40] {
            let variance = try GaussianVariance(atLeast: UInt128(1) << UInt128(power), 1)
            print("2^\(power) \(try microseconds(variance, draws: 10_000))")
        }
    }

    private static func microseconds(_ variance: GaussianVariance, draws: Int) throws -> Double {
        var sampler = Sampler(SystemRandom())
        let clock = ContinuousClock()
        var turns: [Double] = []
        for _ in 0..<21 {
            // Kept, so that no draw can be left out.
            var sum: Int128 = 0
            let time = try clock.measure { for _ in 0..<draws { sum &+= try sampler.gaussian(variance) } }
            guard sum != Int128.max else { continue }
            turns.append((time / draws).microseconds)
        }
        return turns.sorted()[turns.count / 2]
    }
}

extension Duration {
    /// Microseconds.
    fileprivate var microseconds: Double { Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12 }
}
