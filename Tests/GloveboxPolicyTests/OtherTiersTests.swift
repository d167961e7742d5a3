import GloveboxCore
import GloveboxPolicy
import GloveboxTables
import Testing

@Suite struct OtherTiersTests {
    @Test func `reads a policy of noisy queries`() throws {
        let policy = try OutputPolicyTests.policy(
            OutputPolicyTests.head + """
                tier: computed
                outputs: [{name: answer.json, type: json, max_bytes: 65536}]
                privacy_unit: {column: from-dataset, max_groups_per_unit: 2}
                queries: [sum, count]
                bounds: from-dataset-metadata
                mechanism: {count: discrete-gaussian, groups: threshold}
                budget: {per_query_rho_max: "0.0050", dataset_rho: "0.5", project_rho: "0.1"}
                output: {report: [rho, value]}
                decision: {auto: within-budget, otherwise: reject, reviewers: 1}
                """
        )
        #expect(policy.privacy.queries == [.count, .sum])
        #expect(policy.privacy.budget?.perQueryRho.text == "0.005")
        #expect(policy.privacy.report == [.value, .rho])
        #expect(policy.checks.ids.isEmpty && policy.rounding == nil)
        #expect(policy.required.isSuperset(of: ["tier.computed", "budget", "mechanism", "queries", "privacy_unit"]))
    }

    @Test func `reads a policy of blocks`() throws {
        let policy = try OutputPolicyTests.policy(
            OutputPolicyTests.head + """
                tier: computed
                outputs: [{name: result.json, type: json, max_bytes: 4096}]
                blocks: {count: 64, wall_limit: 60s}
                result: {type: number-vector, length: 2, decimals: 6, lo: ["0", "-1.50"], hi: ["1", "100"]}
                mechanism: {aggregate: mean, noise: discrete-laplace, epsilon_per_coordinate: "0.25"}
                budget: {per_query_rho_max: "0.1", dataset_rho: "0.5", project_rho: "0.2"}
                """
        )
        #expect(policy.privacy.blocks?.wallLimit == 60)
        #expect(policy.privacy.result?.lower[1].text == "-1.5")
        #expect(policy.document.canonical["blocks"]?["wall_limit"] == "1m")
    }

    @Test(arguments: [
        ("tier: computed", "tier: opaque", "tier computed"),
        ("wall_limit: 60s}", "wall_limit: 60s, fixed_time: false}", ""),
        ("blocks: {count: 8, wall_limit: 60s}\n", "", "belong together"), ("count: 8", "count: 7", ""),
        ("noise: discrete-laplace", "noise: discrete-gaussian", "discrete-laplace"),
        (", epsilon_per_coordinate: \"0.25\"", "", "epsilon_per_coordinate"),
        ("\"0.25\"", "\"0.0000000001\"", ""), ("hi: [\"1\"]", "hi: [\"1.55\"]", ""), ("hi: [\"1\"]", "hi: [\"0\"]", ""),
        ("type: json", "type: csv", "of type json"), ("budget:", "queries: [count]\nbudget:", "not of both"),
    ])
    func `refuses blocks whose parts do not fit together`(old: String, new: String, why: String) throws {
        let text =
            OutputPolicyTests.head + """
                tier: computed
                outputs: [{name: result.json, type: json, max_bytes: 4096}]
                blocks: {count: 8, wall_limit: 60s}
                result: {length: 1, decimals: 1, lo: ["0"], hi: ["1"]}
                mechanism: {noise: discrete-laplace, epsilon_per_coordinate: "0.25"}
                budget: {per_query_rho_max: "0.1", dataset_rho: "0.5", project_rho: "0.2"}
                """
        #expect(try OutputPolicyTests.policy(text).privacy.blocks?.runSeconds == 8 * 61)
        #expect(text.contains(old))
        do {
            _ = try OutputPolicyTests.policy(text.replacing(old, with: new))
            Issue.record("\(new) is taken")
        } catch let error as GloveboxError { #expect(error.message.contains(why), "\(error)") }
    }

    @Test func `reads policies of models, figures and synthetic data`() throws {
        let model = try OutputPolicyTests.policy(
            OutputPolicyTests.head + """
                tier: opaque
                outputs:
                  - {name: model.safetensors, type: safetensors, dtypes: [BF16, F32], max_params: "units - 10"}
                  - {name: model.spec.json, type: model-spec}
                sanitise: {quantise: bf16}
                checks: {holdout: {}, membership: {fpr: "0.01"}, structural: {}, memorisation: {}}
                decision: {auto: never, reviewers: 2}
                """
        )
        #expect(model.outputs[0].maxParameters == .unitsMinus(10))
        #expect(model.checks.ids == ["row_leak", "holdout", "membership", "structural", "memorisation"])
        let figure = try OutputPolicyTests.policy(
            OutputPolicyTests.table + """
                charts: {marks: [bar, line], canvas: [800, 600]}
                opaque_fallback: {name: figure.png, max_pixels: 480000, max_canonical_bytes: 24576}
                """
        )
        #expect(figure.opaque.charts?.marks == [.bar, .line])
        let synthetic = try OutputPolicyTests.policy(
            OutputPolicyTests.head + """
                tier: opaque
                outputs: [{name: synthetic.csv, type: csv, schema: dataset-schema, max_rows: 5000, max_cells: 50000}]
                checks: {distance: {}, rare_values: {max_way: 2}, dp_claim: {}, row_leak: {exact_match_max: "0"}}
                """
        )
        #expect(synthetic.checks.rareValues?.maxWay == 2)
        #expect(synthetic.required.contains("check.distance"))
    }

    @Test func `reads a policy of federated updates`() throws {
        let policy = try OutputPolicyTests.policy(
            OutputPolicyTests.head + """
                tier: computed
                outputs: [{name: update.safetensors, type: safetensors, dtypes: [F32], shapes: from-round-spec}]
                privacy_unit: {column: site, neighbour: add-remove}
                mechanism: {clip_l2: "1.0", noise_multiplier: "5", lattice: 2^-16}
                rounds: {max: 50}
                budget: {per_query_rho_max: "0.02", dataset_rho: "1.0", project_rho: "1.0"}
                sanitise: {quantise: none}
                """
        )
        #expect(policy.opaque.maxRounds == 50 && policy.privacy.mechanism?.latticeBits == 16)
    }
}
