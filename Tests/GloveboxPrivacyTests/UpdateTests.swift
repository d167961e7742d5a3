import GloveboxCore
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxPrivacy

@Suite struct UpdateTests {
    /// The shipped policy, with changes.
    static func policy(_ changes: [(String, String)] = []) throws -> OutputPolicy {
        var text = """
            apiVersion: glovebox/v1
            kind: OutputPolicy
            metadata: {name: update-test, version: 1}
            tier: computed
            outputs: [{name: update.safetensors, type: safetensors, dtypes: [F32], shapes: from-round-spec, max_bytes: 4096}]
            privacy_unit: {column: site, neighbour: add-remove}
            mechanism: {clip_l2: "1.0", noise: discrete-gaussian, noise_multiplier: "5", lattice: "2^-16"}
            rounds: {max: 50}
            budget: {per_query_rho_max: "0.02", dataset_rho: "1.0", project_rho: "1.0"}
            sanitise: {quantise: none}
            decision: {auto: within-budget, otherwise: reject, reviewers: 1}
            """
        for (old, new) in changes {
            try #require(text.contains(old), "\(old)")
            text = text.replacing(old, with: new)
        }
        return try OutputPolicy(Bench.yaml(text))
    }

    private static func model(_ values: [Float]) -> CheckedModel {
        CheckedModel([CheckedModel.Tensor(name: "w", shape: [values.count], bits: values.map(\.bitPattern))])
    }

    /// Bits from a fixed start.
    private struct FixedBits: RandomSource {
        var state: UInt64
        mutating func bits(_ count: Int) -> UInt128 {
            var value: UInt128 = 0
            for _ in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                value = value << 1 | UInt128(state >> 63)
            }
            return value
        }
    }

    @Test(
        arguments: [
            ("\"5\"", "\"5\"", "0.02", 327_680), ("\"5\"", "\"0.5\"", "2", 32_768),
            ("\"5\"", "\"4\"", "0.03125", 262_144),
            // 1/18, rounded up to the ledger's unit.
            ("\"5\"", "\"3\"", "0.055555555556", 196_608), ("add-remove", "change-one", "0.08", 327_680),
            ("\"1.0\"", "\"0.1\"", "0.02", 32_765),  // the norm is rounded down to whole steps
        ] as [(String, String, String, UInt128)]
    )
    func `a round costs 1 over 2z², and its noise is z clipping norms`(
        old: String,
        new: String,
        rho: String,
        deviation: UInt128
    ) throws {
        let mechanism = try UpdateMechanism(Self.policy([(old, new)]))
        #expect(mechanism.rho.text == rho)
        #expect(mechanism.variance.numerator == deviation * deviation * mechanism.variance.denominator)
    }

    @Test func `fifty shipped rounds use up one`() throws {
        var total = Rho.zero
        for _ in 0..<50 { total = try total.adding(UpdateMechanism(Self.policy()).rho) }
        #expect(total.text == "1")
    }

    @Test func `an update is never longer than the norm, and stays as it is when it is shorter`() throws {
        let mechanism = try UpdateMechanism(Self.policy())
        #expect(mechanism.clip == 65536)
        #expect(try mechanism.clipped(Self.model([0.5, -0.25, 0.0])) == [32768, -16384, 0])
        #expect(
            try mechanism.clipped(Self.model([0.6, 0.8])) == [39321, 52428],
            "the lattice made it longer"
        )
        #expect(try mechanism.clipped(Self.model([3, 4])) == [39321, 52428])
        #expect(try mechanism.clipped(Self.model([-3e5, 4e5])) == [-39321, 52428])
        #expect(try mechanism.clipped(Self.model([1e8])) == nil, "2^40 steps and more")
        var random = FixedBits(state: 7)
        for _ in 0..<300 {
            let values = (0..<Int(1 + random.bits(5))).map { _ in
                Float(Int64(random.bits(24)) - 8_388_608) / Float(1 << Int(random.bits(4)))
            }
            let clipped = try #require(try mechanism.clipped(Self.model(values)))
            let squares = clipped.reduce(UInt128(0)) { $0 + UInt128($1.magnitude) * UInt128($1.magnitude) }
            #expect(squares <= mechanism.clip * mechanism.clip)
            #expect(zip(clipped, values).allSatisfy { ($0 <= 0 || $1 > 0) && ($0 >= 0 || $1 < 0) }, "no sign changes")
        }
    }

    @Test func `what leaves is the clipped update with one draw on each number, whatever the job's spelling`() throws {
        let mechanism = try UpdateMechanism(Self.policy())
        let update = CheckedModel([
            CheckedModel.Tensor(name: "b", shape: [], bits: [Float(4).bitPattern]),
            CheckedModel.Tensor(name: "a", shape: [1, 2], bits: [Float(3).bitPattern, 0]),
        ])
        let released = try #require(try mechanism.release(update, random: FixedBits(state: 1)))
        var sampler = Sampler(FixedBits(state: 1))
        var expected: [UInt32] = []
        for value in [39321, 0, 52428] as [Int128] {
            let noisy = value + (try sampler.gaussian(mechanism.variance))
            expected.append((Float(noisy) / 65536).bitPattern)
        }
        #expect(released.tensors.map(\.name) == ["a", "b"] && released.tensors.map(\.shape) == [[1, 2], []])
        #expect(released.tensors.flatMap(\.bits) == expected)
        let again = try #require(try mechanism.release(update, random: FixedBits(state: 2)))
        #expect(again.tensors.flatMap(\.bits) != expected)
        // An update a thousand times as long is clipped to the same.
        let long = CheckedModel(
            update.tensors.map {
                CheckedModel.Tensor(
                    name: $0.name,
                    shape: $0.shape,
                    bits: $0.bits.map { (Float(bitPattern: $0) * 1000).bitPattern }
                )
            }
        )
        #expect(try mechanism.release(long, random: FixedBits(state: 1)) == released)
    }

    @Test func `the noise has the width that the policy says`() throws {
        let mechanism = try UpdateMechanism(Self.policy())
        let update = Self.model([Float](repeating: 0, count: 4000))
        let noise = try #require(try mechanism.release(update, random: FixedBits(state: 42))).tensors[0].values
        let variance = noise.reduce(0) { $0 + $1 * $1 } / Double(noise.count)
        // 25 expected; five standard errors of a variance of 4000 draws are 2.8. Half the noise would give 6.25.
        #expect((22.2...27.8).contains(variance), "\(variance)")
        #expect(abs(noise.reduce(0, +) / Double(noise.count)) < 0.4)
    }

    private static let good =
        #"{"apiVersion":"glovebox/v1","kind":"RoundSpec","dataset":"d","output":"update.safetensors","round":1,"tensors":[{"name":"w","shape":[2,3]},{"name":"b","shape":[]}]}"#

    private static func check(_ spec: String, _ policy: OutputPolicy) throws {
        try RoundSpec(bytes: Array(spec.utf8)).check(
            policy: policy,
            dataset: "d",
            capabilities: RoundSpec.capabilities.union(policy.required.filter { $0.name.hasPrefix("channel.") })
        )
    }

    @Test func `a round names the tensors of its update`() throws {
        let spec = try RoundSpec(bytes: Array(Self.good.utf8))
        #expect(spec.tensors.map(\.shape) == [[2, 3], []] && spec.parameterCount == 7)
        try Self.check(Self.good, Self.policy())
    }

    @Test(arguments: [
        ("\"d\"", "\"e\"", "spec.dataset"), ("\"round\":1", "\"round\":51", "spec.round"),
        ("\"round\":1", "\"round\":0", "document.value"), ("[2,3]", "[2,0]", "document.value"),
        ("[2,3]", "[1,1,1,1,1]", "document.value"), ("[2,3]", "[2.5]", "json.number"),
        ("\"b\"", "\"w\"", "document.value"), ("\"b\"", "\"b b\"", "document.value"),
        ("[2,3]", "[1024]", "spec.output"), ("[2,3]", "[16777216,16777216,16777216,16777216]", "spec.output"),
        ("update.safetensors", "other", "policy.not-enforced"),
        ("\"round\"", "\"noise\":\"0\",\"round\"", "document.unknown-key"),
    ])
    func `a round that can never be released is refused`(old: String, new: String, code: String) throws {
        let policy = try Self.policy()
        #expect(throws: (any Error).self) { try Self.check(Self.good.replacing(old, with: new), policy) }
        do { try Self.check(Self.good.replacing(old, with: new), policy) } catch let error as GloveboxError {
            #expect(error.code == code || code == "json.number" && error.code.hasPrefix("d"), "\(error)")
        }
    }

    @Test(arguments: [
        ("column: site", "column: from-dataset"), ("clip_l2: \"1.0\", ", ""), (", noise_multiplier: \"5\"", ""),
        ("discrete-gaussian", "discrete-laplace"), ("[F32]", "[F32, BF16]"), ("from-round-spec", "declared"),
        ("quantise: none", "quantise: bf16"), ("rounds: {max: 50}\n", ""),
        ("per_query_rho_max: \"0.02\"", "per_query_rho_max: \"0.01\""), ("2^-16", "2^-32"),
    ])
    func `a policy of which a part would only be declared is refused`(old: String, new: String) throws {
        let policy = try Self.policy([(old, new)])
        #expect(throws: GloveboxError.self) { try Self.check(Self.good, policy) }
    }
}
