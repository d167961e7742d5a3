import GloveboxCore
import GloveboxDocuments
import GloveboxPolicy
import Testing

@Suite struct OutputPolicyTests {
    static let head = "apiVersion: glovebox/v1\nkind: OutputPolicy\nmetadata: {name: test, version: 1}\n"
    static let table =
        head + """
            tier: recomputed
            outputs:
              - {name: table.csv, type: csv}
              - {name: table.spec.json, type: table-spec}

            """

    static func policy(_ text: String) throws -> OutputPolicy { try OutputPolicy(StrictYAML.read(Array(text.utf8))) }

    @Test func `fills every default`() throws {
        let policy = try Self.policy(Self.table)
        #expect(policy.outputs[0].maxBytes == 262_144 && policy.outputs[0].maxRows == 500)
        #expect(policy.columns?.measures == [.count] && policy.specSource == .submitted)
        #expect(policy.checks.ids == ["threshold", "differencing", "row_leak"], "no table leaves unscanned")
        #expect(policy.checks.rowLeak != nil)
        #expect(policy.checks.threshold?.minUnits == 10 && policy.checks.threshold?.fullCells == .disclosive)
        #expect(policy.rounding?.counts.base == 5 && policy.suppression?.mode == .forbid)
        #expect(policy.channels.releaseTick == 900 && policy.channels.pad.count == 4)
        #expect(policy.decision.auto == .never && policy.decision.reviewers == 2)
    }

    @Test func `spelling, order and written defaults do not change the digest`() throws {
        let short = try Self.policy(Self.table)
        let long = try Self.policy(
            Self.head + """
                decision: {reviewers: 2, otherwise: review, auto: never}   # written out
                channels: {pad: [4096, 65536, 1048576, 16777216], release_tick: 900s}
                checks: {threshold: {version: 1, min_units: 10}, differencing: {}}
                outputs:
                  - {type: csv, name: "table.csv", max_rows: 500}
                  - {type: table-spec, name: table.spec.json}
                tier: recomputed
                """
        )
        #expect(short.document.digest == long.document.digest)
        let other = try Self.policy(Self.table + "checks: {threshold: {min_units: 11}}")
        #expect(other.document.digest != short.document.digest)
    }

    @Test func `the canonical form reads as the same policy`() throws {
        let policy = try Self.policy(Self.table + "checks: {dominance: {nk: {k: \"85.50\"}}}")
        #expect(try OutputPolicy(JSONReader.readCanonical(policy.document.bytes)) == policy)
    }

    @Test(arguments: [
        ("colour: red", "document.unknown-key", "colour"),
        ("checks: {treshold: {}}", "document.unknown-key", "checks.treshold"),
        ("checks: {threshold: {min_unit: 3}}", "document.unknown-key", "checks.threshold.min_unit"),
        ("checks: {threshold: {min_units: 0}}", "document.value", "checks.threshold.min_units"),
        ("checks: {threshold: {min_units: \"10\"}}", "document.type", "checks.threshold.min_units"),
        ("checks: {threshold: {version: 2}}", "document.value", "checks.threshold.version"),
        ("checks: {threshold: {zeros: maybe}}", "document.value", "checks.threshold.zeros"),
        ("checks: {dominance: {p_percent: 10}}", "document.type", "checks.dominance.p_percent"),
        ("checks: {holdout: {fraction: \"0.6\"}}", "document.value", "checks.holdout.fraction"),
        ("checks: [threshold]", "document.type", "checks"),
        ("rounding: {counts: {base: 0}}", "document.value", "rounding.counts.base"),
        ("rounding: {counts: {mode: midpoint, base: 5}}", "document.value", "rounding.counts.base"),
        ("columns: {measures: [count, median]}", "document.value", "columns.measures"),
        ("columns: {measures: [count, count]}", "document.value", "columns.measures"),
        ("channels: {release_tick: 7s0}", "document.value", "channels.release_tick"),
        ("channels: {release_tick: 7m}", "document.value", "channels.release_tick"),
        ("channels: {pad: [65536, 4096]}", "document.value", "channels.pad"),
        ("channels: {logs: show}", "document.value", "channels.logs"),
        ("decision: {auto: always}", "document.value", "decision.auto"),
        ("budget: {per_query_rho_max: \"0.1\"}", "document.missing-key", "budget.dataset_rho"),
        ("decision: {auto: within-budget}", "policy.invalid", ""), ("bounds: from-data", "document.value", "bounds"),
        ("mechanism: {lattice: 2^-40}", "document.value", "mechanism.lattice"),
    ])
    func `refuses with the key path`(extra: String, code: String, path: String) {
        let error = #expect(throws: GloveboxError.self) { try Self.policy(Self.table + extra) }
        #expect(error?.code == code)
        #expect(error?.message.contains(path) == true)
    }

    @Test(arguments: [
        "tier: recomputed\noutputs: [{name: table.csv, type: csv}]",
        "tier: recomputed\noutputs: [{name: s.json, type: table-spec}]",
        "tier: recomputed\noutputs: [{name: a, type: csv}, {name: a, type: table-spec}]",
        "tier: computed\noutputs: [{name: answer.json, type: json}]",
        "tier: opaque\noutputs: [{name: m, type: safetensors}]\ndecision: {auto: never, reviewers: 1}",
    ])
    func `refuses keys that do not fit together`(text: String) {
        #expect(throws: GloveboxError("policy.invalid", "")) { try Self.policy(Self.head + text) }
    }

    @Test(arguments: [".hidden", "UPPER.csv", "a/b", "", "a b", String(repeating: "x", count: 65)])
    func `refuses hostile output names`(name: String) {
        #expect(throws: GloveboxError("document.value", "")) {
            try Self.policy(Self.head + "tier: recomputed\noutputs: [{name: \"\(name)\", type: csv}]")
        }
    }

    @Test func `names what the code does not do`() throws {
        let policy = try Self.policy(Self.table + "columns: {measures: [count, mean]}\nchecks: {row_leak: {}}")
        let known = try Self.policy(Self.table).required.subtracting(["check.row_leak"])
        #expect(policy.unenforced(by: known) == ["check.dominance", "check.row_leak", "measure.mean"])
        let error = #expect(throws: GloveboxError("policy.not-enforced", "")) { try policy.requireEnforced(by: known) }
        #expect(error?.message.contains("check.row_leak") == true)
    }
}
