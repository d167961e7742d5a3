import Foundation
import GloveboxCore
import GloveboxDocuments
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxPrivacy

@Suite struct BlockAggregateTests {
    private static func policy(
        blocks: Int = 8,
        lo: String = "\"0\", \"-1.5\"",
        hi: String = "\"1\", \"100\"",
        decimals: Int = 2,
        epsilon: String = "0.25",
        neighbour: String = "add-remove"
    ) throws -> OutputPolicy {
        try OutputPolicy(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: test, version: 1}
                tier: computed
                outputs: [{name: result.json, type: json, max_bytes: 4096}]
                privacy_unit: {neighbour: \(neighbour)}
                blocks: {count: \(blocks), wall_limit: 60s}
                result: {length: \(lo.split(separator: ",").count), decimals: \(decimals), lo: [\(lo)], hi: [\(hi)]}
                mechanism: {aggregate: mean, noise: discrete-laplace, epsilon_per_coordinate: "\(epsilon)"}
                budget: {per_query_rho_max: "1000000", dataset_rho: "1000000", project_rho: "1000000"}
                decision: {auto: within-budget, otherwise: reject, reviewers: 1}
                """
            )
        )
    }

    private static func vector(_ numbers: String...) -> CheckedVector {
        CheckedVector(numbers.compactMap { ExactDecimal(csvText: $0.utf8) })
    }

    @Test func `a block counts as its numbers, rounded and clamped, or as the middle of the bounds`() throws {
        let aggregate = try BlockAggregate(Self.policy())
        #expect(aggregate.coordinates(Self.vector("0.125", "3")) == [12, 300], "half to even")
        #expect(aggregate.coordinates(Self.vector("0.135", "-1.5")) == [14, -150])
        #expect(aggregate.coordinates(Self.vector("-7", "1e9")) == [0, 10_000])
        #expect(aggregate.coordinates(Self.vector("1e-18", "-1e18")) == [0, -150])
        let huge = CheckedVector([ExactDecimal(mantissa: 1, exponent: 30), ExactDecimal(mantissa: -1, exponent: 30)])
        #expect(aggregate.coordinates(huge) == [100, -150])
        #expect(aggregate.coordinates(nil) == [50, 4925])
        #expect(aggregate.coordinates(Self.vector("1")) == [50, 4925], "too short")
    }

    @Test func `the noise of a mean has the published scale`() throws {
        for vector in try Vectors.all("sample_and_aggregate_scale") {
            let bounds = try vector.givens("output_bounds")
            let epsilon = try vector.given("epsilon")
            let count = Int(try vector.given("blocks"))
            let aggregate = try BlockAggregate(
                Self.policy(
                    blocks: count,
                    lo: "\"\(Int(bounds[0]))\"",
                    hi: "\"\(Int(bounds[1]))\"",
                    decimals: 6,
                    epsilon: epsilon == 1 ? "1" : "\(epsilon)"
                )
            )
            let scale = try Self.scale(aggregate, blocks: count)
            let reported = try #require(scale.flatMap { Double($0) })
            let expected = try vector.number("laplace_scale")
            // The unit of noise may be coarser than the data's, which rounds the scale up.
            #expect(reported >= expected * (1 - vector.tolerance) && reported <= expected * (1 + 1e-5), "\(reported)")
        }
    }

    /// What an answer says of its noise.
    private static func scale(_ aggregate: BlockAggregate, blocks: Int) throws -> String? {
        let vectors = [[Int64]](repeating: aggregate.coordinates(nil), count: blocks)
        let bytes = try aggregate.answer(over: vectors, dataset: "test", random: SystemRandom())
        return try JSONReader.read(bytes)["noise"]?.array?.first?["scale"]?.string
    }

    @Test func `a unit that may change counts twice`() throws {
        let scales = try ["add-remove", "change-one"].map { neighbour in
            let policy = try Self.policy(lo: "\"0\"", hi: "\"1\"", neighbour: neighbour)
            return try Self.scale(BlockAggregate(policy), blocks: 8)
        }
        #expect(scales == ["0.5", "1"])
    }

    @Test func `each number costs half the square of epsilon`() throws {
        let shipped = Vectors.root.appending(path: "Policies/dp-program.yaml")
        let policy = try OutputPolicy(StrictYAML.read(Array(Data(contentsOf: shipped))))
        #expect(try BlockAggregate(policy).cost().text == "0.09375")
        let answer = try BlockAggregate(policy).longestAnswer(dataset: String(repeating: "d", count: 64))
        #expect(answer.count < 2000, "it fits the policy's own bundle")
    }

    /// Whatever one block says, the sum under the noise moves by no more than the noise is made for.
    @Test(arguments: ["add-remove", "change-one"], [0, 3, 9])
    func `one block changes a sum by at most the width of the bounds, in units of the noise`(
        neighbour: String,
        decimals: Int
    ) throws {
        let aggregate = try BlockAggregate(
            Self.policy(lo: "\"-37\"", hi: "\"9876543\"", decimals: decimals, neighbour: neighbour)
        )
        let range = aggregate.coordinates(Self.vector("-1e18"))[0]...aggregate.coordinates(Self.vector("1e18"))[0]
        var values = [range.lowerBound, range.upperBound, 0, 1, -1]
        let width = range.upperBound - range.lowerBound
        for part in 1..<500 as Range<Int64> { values.append(range.lowerBound + width / 500 * part + part % 7) }
        let steps = values.map { aggregate.contribution($0, coordinate: 0) }
        let widest = try #require(steps.max()) - #require(steps.min())
        #expect(steps.min() == 0 && UInt128(widest) <= aggregate.step(coordinate: 0))
    }

    @Test func `an answer has the mean, as many blocks as the policy, and no other number of them`() throws {
        let aggregate = try BlockAggregate(Self.policy(epsilon: "1000000"))
        let blocks = (0..<8).map { [Int64($0 * 10), Int64($0)] }
        let bytes = try aggregate.answer(over: blocks, dataset: "test", random: SystemRandom())
        let answer = try JSONReader.readCanonical(bytes)
        // Noise of scale 10^-4 and 10^-2 units of 0.01: any at all has less than one chance in 10^40.
        #expect(answer["values"]?.array?.first?.string == "0.35" && answer["blocks"]?.integer == 8)
        #expect(answer["kind"]?.string == "DPProgramAnswer" && answer["noise"]?.array?.count == 2)
        #expect(throws: GloveboxError("internal", "")) {
            try aggregate.answer(over: Array(blocks.dropLast()), dataset: "test", random: SystemRandom())
        }
    }

    @Test func `a policy whose own answer is too dear, or protects others, is refused`() throws {
        let policy = try Self.policy(epsilon: "2000")
        let aggregate = try BlockAggregate(policy)
        let capabilities = BlockAggregate.capabilities.union(Bench.capabilities)
        #expect(throws: GloveboxError("budget.per-query", "")) {
            try aggregate.check(
                description: Bench.description(),
                inputPolicy: Bench.input(),
                capabilities: capabilities
            )
        }
        #expect(throws: GloveboxError("policy.not-enforced", "")) {
            try BlockAggregate(Self.policy()).check(
                description: Bench.description(),
                inputPolicy: Bench.input(),
                capabilities: Bench.capabilities
            )
        }
        #expect(throws: GloveboxError("policy.not-enforced", "")) { try BlockAggregate(Bench.policy()) }
    }
}
