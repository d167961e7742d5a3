import GloveboxCore
import GloveboxPolicy
import Testing

@Suite struct ShippedPolicyTests {
    @Test(arguments: ["aggregate-table", "demo-table"])
    func `output policies are valid and count`(name: String) throws {
        let policy = try OutputPolicy(Shipped.value("Policies/\(name).yaml"))
        #expect(policy.document.name == name)
        #expect(policy.columns?.measures == [.count, .sum, .mean, .proportion])
        #expect(policy.checks.ids == ["threshold", "dominance", "differencing", "row_leak"])
        #expect(policy.decision.auto == .whenAllPass && policy.decision.otherwise == .reject)
    }

    @Test(arguments: [
        ("dp-query", OutputPolicy.Tier.computed), ("dp-program", .computed), ("ml-model", .opaque),
        ("figure", .recomputed), ("synthetic-data", .opaque), ("fl-update", .computed), ("no-private-data", .verbatim),
    ])
    func `every other shipped policy is valid and is of its tier`(name: String, tier: OutputPolicy.Tier) throws {
        let policy = try OutputPolicy(Shipped.value("Policies/\(name).yaml"))
        #expect(policy.document.name == name && policy.tier == tier)
        #expect(policy.required.contains(Capability("tier.\(tier.rawValue)")))
        #expect(try OutputPolicy(JSONReader.readCanonical(policy.document.bytes)) == policy)
    }

    @Test func `the demo policy differs from the real one in the release tick alone`() throws {
        func body(_ name: String) throws -> JSONObject {
            var object = try #require(
                try OutputPolicy(Shipped.value("Policies/\(name).yaml")).document.canonical.object
            )
            object["metadata"] = nil
            var channels = try #require(object["channels"]?.object)
            channels["release_tick"] = nil
            object["channels"] = .object(channels)
            return object
        }
        #expect(try body("demo-table") == body("aggregate-table"))
        #expect(try OutputPolicy(Shipped.value("Policies/demo-table.yaml")).channels.releaseTick == 1)
        #expect(try OutputPolicy(Shipped.value("Policies/aggregate-table.yaml")).channels.releaseTick == 900)
    }

    @Test func `the processing policy is valid`() throws {
        let policy = try ProcessingPolicy(Shipped.value("Policies/processing-default.yaml"))
        #expect(policy.images == nil && policy.planQuorum.minApprovals == 2 && policy.executors == [.local])
    }

    @Test func `the demo dataset and its input policy fit`() throws {
        let description = try DatasetDescription(Shipped.value("Deploy/demo/fair.dataset.yaml"))
        let input = try InputPolicy(Shipped.value("Deploy/demo/fair.input.yaml"))
        try input.check(against: description)
        #expect(description.columns.count == 9 && description.privacyUnit.kind == .rowNumber)
        #expect(!input.allows(column: "occupation_husb") && input.mockRows == 500)
    }
}
