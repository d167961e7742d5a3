import GloveboxCore
import GloveboxDocuments
import GloveboxPolicy
import Testing

@Suite struct PolicyMergeTests {
    static let base = OutputPolicyTests.table
    static let child = OutputPolicyTests.head.replacing("name: test", with: "name: project") + "tier: recomputed\n"

    static func value(_ text: String) throws -> JSONValue { try StrictYAML.read(Array(text.utf8)) }

    static func merged(_ above: String, _ below: String) throws -> OutputPolicy {
        try OutputPolicy(PolicyMerge([value(base + above), value(child + below)]).document.canonical)
    }

    @Test func `a child states only what it tightens`() throws {
        let policy = try Self.merged(
            "checks: {threshold: {min_units: 12}}\ncapacity: {max_bits_per_release: 100}\n",
            "checks: {threshold: {min_units: 20}}\nchannels: {release_tick: 30m}\n"
        )
        #expect(policy.document.name == "project")
        #expect(policy.checks.threshold?.minUnits == 20 && policy.capacity.maxBitsPerRelease == 100)
        #expect(policy.channels.releaseTick == 1800 && policy.outputs.count == 2)
    }

    @Test(arguments: [
        ("checks: {threshold: {min_units: 9}}", "checks.threshold.min_units"),
        ("checks: {threshold: {zeros: allowed}}", "checks.threshold.zeros"),
        ("checks: {differencing: {min_units: 5}}", "checks.differencing.min_units"),
        ("rounding: {counts: {base: 7}}", "rounding.counts.base"),
        ("rounding: {counts: {base: 6, mode: midpoint}}", "rounding.counts.mode"),
        ("rounding: {measures: {significant_digits: 4}}", "rounding.measures.significant_digits"),
        ("rounding: {measures: {mean_audit: false}}", "rounding.measures.mean_audit"),
        ("suppression: {mode: mark}", "suppression.mode"),
        ("columns: {measures: [count, sum]}", "columns.measures"),
        ("capacity: {max_bits_per_project: 65537}", "capacity.max_bits_per_project"),
        ("channels: {pad: [4096, 8192]}", "channels.pad"),
        ("channels: {release_tick: 20m}", "channels.release_tick"),
        ("channels: {max_runs_per_day: 21}", "channels.max_runs_per_day"),
        ("decision: {auto: when-all-pass}", "decision.auto"),
        ("decision: {reviewers: 1}", "decision.reviewers"),
        (
            "outputs: [{name: table.csv, type: csv, max_rows: 501}, {name: table.spec.json, type: table-spec}]",
            "outputs[table.csv].max_rows"
        ),
        (
            "outputs: [{name: table.csv, type: csv}, {name: b.csv, type: csv}, {name: table.spec.json, type: table-spec}]",
            "outputs[b.csv].name"
        ),
        ("spec_source: job", "spec_source"),
    ])
    func `a child that loosens is refused by key path`(text: String, path: String) throws {
        let error = #expect(throws: GloveboxError.self) { try Self.merged("", text) }
        #expect(error?.code == "policy.loosens")
        #expect(error?.message.contains(path) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        "checks: {threshold: {min_units: 11}}", "rounding: {counts: {base: 10}}", "channels: {pad: [65536]}",
        "channels: {release_tick: 1h}", "decision: {otherwise: reject}", "checks: {row_leak: {}}",
        "outputs: [{name: table.csv, type: csv, max_rows: 9}, {name: table.spec.json, type: table-spec}]",
        "suppression: {min_width: 50}",
    ])
    func `a child may tighten`(text: String) throws {
        #expect(try Self.merged("", text).document.digest != OutputPolicyTests.policy(Self.base).document.digest)
    }

    @Test func `an output may be dropped below, also one whose name begins another's`() throws {
        let above = Self.base.replacing(
            "  - {name: table.csv, type: csv}",
            with: """
                  - {name: table.csv, type: csv}
                  - {name: table.csv.json, type: json}
                """
        )
        let below = "outputs: [{name: table.csv.json}, {name: table.spec.json}]\n"
        let merged = try PolicyMerge([Self.value(above), Self.value(Self.child + below)])
        #expect(
            try OutputPolicy(merged.document.canonical).outputs.map(\.name) == ["table.csv.json", "table.spec.json"]
        )
    }

    @Test func `an opaque output may not be added below`() throws {
        let error = #expect(throws: GloveboxError.self) {
            try Self.merged("", "opaque_fallback: {name: a.png, max_pixels: 9, max_canonical_bytes: 9}")
        }
        #expect(error?.code == "policy.loosens")
    }

    @Test func `of peers the tighter value holds, whichever comes first`() throws {
        let one = try OutputPolicyTests.policy(Self.base + "checks: {threshold: {min_units: 20}}").document.canonical
        let other = try OutputPolicyTests.policy(Self.base + "channels: {pad: [4096, 65536, 99999]}").document.canonical
        let merged = try PolicyMerge.peers(one, other)
        #expect(try merged.digest == PolicyMerge.peers(other, one).digest)
        #expect(merged.canonical["checks"]?["threshold"]?["min_units"] == 20)
        #expect(merged.canonical["channels"]?["pad"] == [4096, 65536])
        #expect(try PolicyMerge.peers(one, one).digest == OutputPolicy(one).document.digest)
    }

    @Test func `peers that cannot be compared refuse the run`() throws {
        let one = try Self.value(Self.base + "rounding: {counts: {base: 7}}")
        let error = #expect(throws: GloveboxError.self) { try PolicyMerge.peers(one, Self.value(Self.base)) }
        #expect(error?.code == "policy.incomparable" && error?.message.contains("rounding.counts.base") == true)
    }

    @Test func `input and processing policies merge too`() throws {
        let input = "apiVersion: glovebox/v1\nkind: InputPolicy\nmetadata: {name: a, version: 1}\n"
        let above = try Self.value(input + "dataset: fair\ncolumns: [a, b]\n")
        let below = try PolicyMerge([above, Self.value(input + "columns: [b]\n")])
        #expect(try InputPolicy(below.document.canonical).columns == ["b"])
        #expect(throws: GloveboxError.self) {
            try PolicyMerge([above, Self.value(input + "columns: [b, c]\n")])
        }
        let site = try Shipped.value("Policies/processing-default.yaml")
        let processing = "apiVersion: glovebox/v1\nkind: ProcessingPolicy\nmetadata: {name: a, version: 1}\n"
        let tight = try PolicyMerge([site, Self.value(processing + "images: [python]\nlimits: {max_pids: 8}\n")])
        #expect(try ProcessingPolicy(tight.document.canonical).images == ["python"])
        let error = #expect(throws: GloveboxError.self) {
            try PolicyMerge([site, Self.value(processing + "limits: {max_pids: 513}\n")])
        }
        #expect(error?.code == "policy.loosens")
    }

    @Test func `every limit names the document and line that set it`() throws {
        let text =
            Self.child + "checks:\n  threshold: {min_units: 20}\noutputs:\n  - name: table.csv\n    max_rows: 7\n"
            + "  - {name: table.spec.json}\n"
        let merge = try PolicyMerge([Self.value(Self.base), Self.value(text)])
        let origins = merge.origins
        func origin(_ path: String) -> PolicyMerge.Origin? { origins.first { $0.path == path } }
        #expect(origin("checks.threshold.min_units")?.source == 1)
        #expect(origin("outputs[table.csv].type")?.source == 0)
        #expect(origin("channels.release_tick")?.source == nil)
        let rows = try #require(origin("outputs[table.csv].max_rows"))
        #expect(rows.source == 1 && rows.place == "outputs[0].max_rows" && rows.value == 7)
        let lines = try StrictYAML.readLocated(Array(text.utf8)).lines
        #expect(lines["checks.threshold.min_units"] == 6 && lines["outputs[0].max_rows"] == 9)
    }
}
