import Foundation
import GloveboxCore
import GloveboxDisclosure
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

    /// A question with an event that tells most about one unit, and what its answers promise.
    struct Question: Sendable, CustomTestStringConvertible {
        let text: String
        let mechanism: String
        /// Neighbours, the one with the likelier event last.
        let pair: (rare: [String], often: [String])
        /// In units of 10^-2.
        let rho: Int
        /// What that promises: ε at δ.
        let (epsilon, delta): (Double, Double)
        /// How many answers over each: enough that the mutant is found by many standard deviations.
        var draws = 4000
        /// Whether a value is in the event.
        let isHit: @Sendable (Double) -> Bool

        var testDescription: String { text }
    }

    private static let laplace = "count: discrete-laplace, sum: discrete-laplace"
    static let questions = [
        Question(
            text: #"{"kind":"histogram","group_by":["a"]}"#,
            mechanism: laplace,
            pair: (["u9,2,0"], ["u9,2,0", "u1,1,0"]),
            rho: 50,
            epsilon: 1,
            delta: 0,
            draws: 1500
        ) { $0 >= 1 },
        Question(
            text: """
                {"kind":"quantile","column":"x","banding":"five","q":"0.9",\
                "where":[{"column":"a","op":"eq","value":"1"}]}
                """,
            mechanism: laplace,
            pair: (["u9,2,0"], ["u9,2,0", "u1,1,7"]),
            rho: 50,
            epsilon: 1,
            delta: 0,
            draws: 1500
        ) { $0 >= 10 },
        // Half of ρ each for sum and count, and so an ε of 1 each.
        Question(
            text: #"{"kind":"mean","column":"x"}"#,
            mechanism: laplace,
            pair: (["u1,1,10", "u2,1,-5"], ["u1,1,10"]),
            rho: 100,
            epsilon: 2,
            delta: 0
        ) { $0 > 9.9 },
        // At the scale 10, or 5 for the mutant.
        Question(
            text: #"{"kind":"sum","column":"x"}"#,
            mechanism: "sum: discrete-gaussian",
            pair: (["u1,1,0"], ["u1,1,0", "u2,1,10"]),
            rho: 50,
            epsilon: PrivacyLoss.epsilon(rho: 0.5, delta: 0.1),
            delta: 0.1
        ) { $0 >= 11 },
    ]

    /// The number that is answered, each time with noise of its own.
    private func value(_ engine: QueryEngine, _ table: DatasetTable) throws -> Double {
        let bytes = try engine.answer(
            over: table,
            key: Bench.key(),
            random: SystemRandom(),
            capabilities: Bench.capabilities
        )
        let value = try JSONReader.read(bytes)["cells"]?.array?.first?["value"]?.string
        return try #require(value.flatMap(Double.init))
    }

    /// The ε that the answers show, when they are drawn with the noise of `rho` hundredths.
    private func audited(_ question: Question, rho: Int) throws -> Double {
        let policy = try Bench.policy(mechanism: question.mechanism)
        let query = try Bench.query(question.text, rho: rho < 100 ? "0.\(rho)" : "\(rho / 100)")
        let engine = QueryEngine(query, policy: policy, inputPolicy: try Bench.input())
        let count = Laws.isLong ? 40_000 : question.draws
        func hits(_ rows: [String]) throws -> Int {
            let table = try Bench.table(rows)
            return try (0..<count).count { _ in try question.isHit(value(engine, table)) }
        }
        let often = Laws.shareAtLeast(try hits(question.pair.often), of: count, alpha: 5e-10)
        let rare = Laws.shareAtMost(try hits(question.pair.rare), of: count, alpha: 5e-10)
        return often > question.delta ? log((often - question.delta) / rare) : 0
    }

    @Test(arguments: questions)
    func `no kind of answer tells more of a unit than it is charged for, and half the noise is caught`(
        question: Question
    ) throws {
        let honest = try audited(question, rho: question.rho)
        #expect(honest <= question.epsilon && honest > 0.2 * question.epsilon, "\(honest)")
        let mutant = try audited(question, rho: 4 * question.rho)
        #expect(mutant > question.epsilon, "half the noise costs four times the rho: \(mutant)")
    }

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
            return try (0..<count).map { _ in try value(engine, table) }
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
