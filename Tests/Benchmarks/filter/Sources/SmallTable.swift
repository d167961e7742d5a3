import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables

/// A table of 500 cells over the 6366 rows that the demo's dataset has, with an earlier release of it to compare with.
struct SmallTable {
    private let request: ReleaseGate.Request
    private let claim: CheckerAnswer
    private let past: ReleaseGate.Past

    init() throws {
        func codes(_ count: Int) -> JSONValue { .array((1...count).map { .string(String($0)) }) }
        let description = try DatasetDescription([
            "apiVersion": "glovebox/v1", "kind": "Dataset", "metadata": ["name": "bench", "version": 1],
            "privacy_unit": ["column": "row", "kind": "row-number"],
            "columns": [
                ["name": "a", "type": "category", "codes": codes(25)],
                ["name": "b", "type": "category", "codes": codes(20)],
                ["name": "x", "type": "integer", "min": "0", "max": "1000"],
            ],
        ])
        var text = "a,b,x\n"
        for row in 0..<6366 { text += "\(row % 25 + 1),\(row / 25 % 20 + 1),\(row * 7919 % 1000)\n" }
        var importer = DatasetImporter(description)
        try importer.feed(Array(text.utf8))
        let table = try importer.finish()
        let spec = try TableSpec([
            "apiVersion": "glovebox/v1", "kind": "TableSpec", "dataset": "bench", "output": "table.csv",
            "group_by": ["a", "b"], "statistic": "sum", "variable": "x",
        ])
        let inputPolicy = try InputPolicy([
            "apiVersion": "glovebox/v1", "kind": "InputPolicy", "metadata": ["name": "bench-input", "version": 1],
            "dataset": "bench", "columns": ["a", "b", "x"],
        ])
        let policy = try OutputPolicy([
            "apiVersion": "glovebox/v1", "kind": "OutputPolicy", "metadata": ["name": "bench", "version": 1],
            "tier": "recomputed",
            "outputs": [["name": "table.csv", "type": "csv"], ["name": "table.spec.json", "type": "table-spec"]],
            "columns": ["measures": ["sum"]],
            "capacity": ["max_bits_per_release": 1_000_000, "max_bits_per_project": 1_000_000],
            "decision": ["auto": "when-all-pass", "otherwise": "reject", "reviewers": 1],
        ])
        request = ReleaseGate.Request(id: "bench", policy: policy, inputPolicy: inputPolicy, table: table, spec: spec)
        let counts = try CellCounts(
            table,
            frame: TableFrame(spec, description: description),
            conditions: [],
            variable: MeasuredVariable(spec, description: description),
            inputPolicy: inputPolicy
        )
        guard let rounding = policy.rounding else { throw GloveboxError("bench", "no rounding") }
        let honest = ReleasedTable(
            counts,
            measures: CellMeasures(counts),
            rounding: rounding.counts,
            digits: 15,
            withTotals: false
        )
        claim = Checker.parse(honest.csv, limits: .ceiling)
        let key = try LineageKey([UInt8](repeating: 1, count: 32))
        let first = ReleaseGate.Past(history: [], lineageKey: key, projectMillibits: 0)
        guard
            let record = try ReleaseGate.decide(
                request,
                claim: claim,
                past: first,
                capabilities: FilterBench.capabilities
            ).record
        else { throw GloveboxError("bench", "the table was refused") }
        past = ReleaseGate.Past(history: [record], lineageKey: key, projectMillibits: 0)
    }

    /// The rows of the table.
    var rows: Int { 500 }

    func decide() throws {
        let decision = try ReleaseGate.decide(request, claim: claim, past: past, capabilities: FilterBench.capabilities)
        guard decision.outcome == .release else { throw GloveboxError("bench", "the table was refused") }
    }
}
