import Foundation
import GloveboxCore
import GloveboxPolicy
import Testing

@testable import GloveboxPrivacy

/// A lower limit of the true ε, from answers over two neighbouring datasets, at α = 10^-9 in all.
@Suite struct AuditTests {
    private static let draws = Laws.isLong ? 200_000 : 20_000

    /// Draws of a sum of 10 with noise for a claimed ε of 1 at sensitivity 1, and of its neighbour with 11.
    ///
    /// `share` is the share of the noise that is really added.
    private func epsilon(share: (n: UInt128, d: UInt128)) throws -> Double {
        var sampler = Sampler(SystemRandom())
        let noise = Noise(.laplace(try LaplaceScale(atLeast: share.n, share.d)))
        var draws: ([Int128], [Int128]) = ([], [])
        for _ in 0..<Self.draws {
            draws.0.append(try noise.apply(10, &sampler))
            draws.1.append(try noise.apply(11, &sampler))
        }
        // The events that tell most: at most 10 under the one, at least 11 under the other.
        let low = draws.0.count { $0 <= 10 }
        let high = draws.1.count { $0 <= 10 }
        return log(
            Laws.shareAtLeast(low, of: Self.draws, alpha: 5e-10) / Laws.shareAtMost(high, of: Self.draws, alpha: 5e-10)
        )
    }

    @Test func `the audited epsilon does not exceed the claim`() throws {
        let found = try epsilon(share: (1, 1))
        #expect(found <= 1 && found > 0.7, "an audit that finds next to nothing could not fail: \(found)")
    }

    @Test func `half the noise is caught by the same audit`() throws { #expect(try epsilon(share: (1, 2)) > 1) }

    /// Pairs of datasets that differ in one unit: an extreme value, an id that comes twice, another order, one unit less.
    @Test(arguments: [
        (["u1,1,0", "u2,1,0"], ["u1,1,0", "u2,1,0", "u3,1,999"]),
        (["u1,1,0", "u2,1,0"], ["u1,1,0", "u2,1,0", "u3,1,10", "u3,1,10", "u3,1,10"]),
        (["u1,1,5", "u2,1,0", "u3,1,-5"], ["u3,1,-5", "u2,1,0", "u1,1,5"]), (["u1,1,1"], ["u1,1,1", "u2,1,-5"]),
    ])
    func `answers over neighbours are as close as rho says`(one: [String], other: [String]) throws {
        let policy = try Bench.policy(mechanism: "sum: discrete-laplace")
        // ε = 1, so ρ = 1/2.
        let query = try Bench.query(#"{"kind":"sum","column":"x"}"#, rho: "0.5")
        let engine = QueryEngine(query, policy: policy, inputPolicy: try Bench.input())
        let count = Laws.isLong ? 20_000 : 1500
        func values(_ rows: [String]) throws -> [Double] {
            let table = try Bench.table(rows)
            return try (0..<count).map { _ in
                let bytes = try engine.answer(
                    over: table,
                    key: Bench.key(),
                    random: SystemRandom(),
                    capabilities: Bench.capabilities
                )
                let value = try JSONReader.read(bytes)["cells"]?.array?.first?["value"]?.string
                return try #require(value.flatMap(Double.init))
            }
        }
        let (left, right) = (try values(one), try values(other))
        for cut in [-10.0, -5, 0, 0.5, 5, 10, 15] {
            for (a, b) in [(left, right), (right, left)] {
                for event in [{ $0 <= cut }, { $0 > cut }] as [(Double) -> Bool] {
                    let low = Laws.shareAtLeast(a.count(where: event), of: count, alpha: 1e-11)
                    let high = Laws.shareAtMost(b.count(where: event), of: count, alpha: 1e-11)
                    #expect(low == 0 || log(low / high) <= 1)
                }
            }
        }
    }
}
