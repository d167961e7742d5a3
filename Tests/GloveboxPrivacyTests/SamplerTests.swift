import Foundation
import GloveboxCore
import Testing

@testable import GloveboxPrivacy

@Suite struct SamplerTests {
    private static let draws = Laws.isLong ? 1_000_000 : 60_000

    /// The probability of each outcome over all bit strings of a length, and what is not decided by then.
    private func enumerate<Outcome: Hashable>(
        depth: Int,
        _ draw: (inout Sampler<ScriptedBits>) throws -> Outcome
    ) throws -> (decided: [Outcome: Double], undecided: Double) {
        var decided: [Outcome: Double] = [:]
        var undecided = 0.0
        for script in 0..<UInt32(1) << UInt32(depth) {
            var sampler = Sampler(ScriptedBits(script: script, length: depth))
            do { decided[try draw(&sampler), default: 0] += 1 } catch let error as GloveboxError
                where error == ScriptedBits.exhausted
            { undecided += 1 }
        }
        let all = Double(UInt32(1) << UInt32(depth))
        return (decided.mapValues { $0 / all }, undecided / all)
    }

    @Test(arguments: [(1, 1), (1, 2), (1, 3), (2, 3), (3, 2), (5, 2), (0, 1), (7, 8)] as [(UInt128, UInt128)])
    func `every bit string gives exp(-gamma) its probability`(n: UInt128, d: UInt128) throws {
        let found = try enumerate(depth: Laws.isLong ? 18 : 14) { try $0.bernoulliExp(n, d) }
        let (low, high) = (found.decided[true] ?? 0, (found.decided[true] ?? 0) + found.undecided)
        let truth = exp(-Double(n) / Double(d))
        #expect(low <= truth && truth <= high && found.undecided < 0.2, "\(low) \(truth) \(high)")
    }

    @Test func `the enumeration is at least as close to the truth as the published one`() throws {
        for vector in try Vectors.all("bit_tree_enumeration") {
            let gamma = try #require(vector.input["bernoulli_exp_gamma"] as? [Int]).map { UInt128($0) }
            let found = try enumerate(depth: Int(try vector.given("depth_bits"))) {
                try $0.bernoulliExp(gamma[0], gamma[1])
            }
            let (low, truth) = (found.decided[true] ?? 0, try vector.number("true"))
            #expect(low <= truth && truth <= low + found.undecided)
            #expect(found.undecided <= (try vector.number("undecided")))
        }
    }

    @Test func `every bit string gives small laws their probabilities`() throws {
        let depth = Laws.isLong ? 18 : 15
        let laplace = try enumerate(depth: depth) { try $0.laplace(LaplaceScale(1)) }
        for k in -2...2 {
            let (low, truth) = (laplace.decided[Int128(k)] ?? 0, Laws.laplace(k, scale: 1))
            #expect(low <= truth && truth <= low + laplace.undecided, "laplace \(k)")
        }
        let half = try GaussianVariance(atLeast: 1, 1)
        let gaussian = try enumerate(depth: depth) { try $0.gaussian(half) }
        for k in -2...2 {
            let (low, truth) = (gaussian.decided[Int128(k)] ?? 0, Laws.gaussian(k, variance: 1))
            #expect(low <= truth && truth <= low + gaussian.undecided, "gaussian \(k)")
        }
    }

    @Test(arguments: [(1, 4), (1, 1), (10, 1), (400, 1)] as [(UInt128, UInt128)])
    func `discrete Gaussian draws follow their law`(p: UInt128, q: UInt128) throws {
        var sampler = Sampler(SystemRandom())
        let variance = try GaussianVariance(atLeast: p, q)
        var draws: [Int128] = []
        for _ in 0..<Self.draws { draws.append(try sampler.gaussian(variance)) }
        let value = Double(p) / Double(q)
        let reach = max(1, Int(value.squareRoot() * 2.5))
        let (statistic, freedom) = Laws.chiSquared(draws, reach: reach) { Laws.gaussian($0, variance: value) }
        #expect(statistic < Laws.chiSquaredLimit(freedom))
    }

    @Test(arguments: [(1, 2), (1, 1), (5, 2), (20, 1)] as [(UInt128, UInt128)])
    func `discrete Laplace draws follow their law`(s: UInt128, t: UInt128) throws {
        var sampler = Sampler(SystemRandom())
        let scale = try LaplaceScale(atLeast: s, t)
        var draws: [Int128] = []
        for _ in 0..<Self.draws { draws.append(try sampler.laplace(scale)) }
        let b = Double(s) / Double(t)
        let (statistic, freedom) = Laws.chiSquared(draws, reach: max(1, Int(b * 3))) { Laws.laplace($0, scale: b) }
        #expect(statistic < Laws.chiSquaredLimit(freedom))
    }

    @Test func `another law does not pass for the right one`() throws {
        var sampler = Sampler(SystemRandom())
        let variance = try GaussianVariance(atLeast: 100, 1)
        var draws: [Int128] = []
        for _ in 0..<Self.draws { draws.append(try sampler.gaussian(variance)) }
        let (statistic, freedom) = Laws.chiSquared(draws, reach: 25) { Laws.gaussian($0, variance: 110) }
        #expect(statistic > Laws.chiSquaredLimit(freedom))
    }

    @Test func `the widest Gaussian stays within the Dvoretzky-Kiefer-Wolfowitz band`() throws {
        var sampler = Sampler(SystemRandom())
        let variance = try GaussianVariance(atLeast: GaussianVariance.largest, 1)
        let count = 5000
        var draws: [Double] = []
        for _ in 0..<count { draws.append(Double(try sampler.gaussian(variance))) }
        draws.sort()
        let sigma = Double(1 << 20)
        let gap =
            draws.enumerated().map { index, value in
                let law = 0.5 * erfc(-value / sigma / 2.0.squareRoot())
                return max(abs(law - Double(index) / Double(count)), abs(law - Double(index + 1) / Double(count)))
            }.max() ?? 1
        #expect(gap <= (log(2 / 1e-9) / (2 * Double(count))).squareRoot())
    }

    @Test func `numbers below a bound come up equally often`() throws {
        var sampler = Sampler(SystemRandom())
        var counts = [Double](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[Int(try sampler.uniform(below: 7))] += 1 }
        #expect(counts.reduce(0) { $0 + ($1 - 10_000) * ($1 - 10_000) / 10_000 } < Laws.chiSquaredLimit(6))
    }

    @Test func `scales are never rounded down, and too wide ones are refused`() throws {
        let third = try GaussianVariance(atLeast: 1, 3)
        #expect(third.numerator * 3 >= third.denominator && third.denominator == 1 << 20)
        #expect(try GaussianVariance(atLeast: (1 << 30) * 3 + 1, 3).numerator == (1 << 30) + 1)
        #expect(throws: GloveboxError("privacy.scale", "")) { try GaussianVariance(atLeast: 1 << 41, 1) }
        #expect(throws: GloveboxError("privacy.scale", "")) { try GaussianVariance(atLeast: 0, 1) }
        let scale = try LaplaceScale(atLeast: (1 << 50) + 1, 1 << 45)
        #expect(scale.numerator << 45 >= ((1 << 50) + 1) * scale.denominator)
        #expect(throws: GloveboxError("privacy.scale", "")) { try LaplaceScale(atLeast: 1 << 20, 1) }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 15, 16, 17, UInt128(1) << 80, UInt128.max] as [UInt128])
    func `square roots are exact`(n: UInt128) {
        let root = Exact.squareRoot(n)
        #expect(root * root <= n)
        let (next, isOverflow) = (root + 1).multipliedReportingOverflow(by: root + 1)
        #expect(isOverflow || next > n)
    }

    @Test(
        arguments: [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (-1, 3, 0), (8, 3, 3)] as [(Int128, Int128, Int128)]
    )
    func `halves are rounded to even`(n: Int128, d: Int128, rounded: Int128) {
        #expect(Exact.quotientHalfEven(n, d) == rounded)
    }
}
