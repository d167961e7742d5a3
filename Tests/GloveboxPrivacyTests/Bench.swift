import GloveboxCore
import GloveboxDisclosure
import GloveboxDocuments
import GloveboxPolicy

@testable import GloveboxPrivacy

/// A small dataset of people with several rows each, and policies for it.
enum Bench {
    static func yaml(_ text: String) throws -> JSONValue { try StrictYAML.read(Array(text.utf8)) }

    static func description(unit: String = "{column: who, kind: id}") throws -> DatasetDescription {
        try DatasetDescription(
            yaml(
                """
                apiVersion: glovebox/v1
                kind: Dataset
                metadata: {name: test, version: 1}
                privacy_unit: \(unit)
                columns:
                  - {name: who, type: id}
                  - {name: a, type: category, codes: ["1", "2", "3"]}
                  - {name: x, type: decimal, decimals: 1, min: "-5", max: "10", bandings: {five: ["-5", "0", "5", "10"]}}
                on_out_of_bounds: clamp
                """
            )
        )
    }

    static func input() throws -> InputPolicy {
        try InputPolicy(
            yaml(
                """
                apiVersion: glovebox/v1
                kind: InputPolicy
                metadata: {name: test-input, version: 1}
                dataset: test
                columns: [who, a, x]
                """
            )
        )
    }

    static func policy(unit: String = "", mechanism: String = "", more: String = "") throws -> OutputPolicy {
        try OutputPolicy(
            yaml(
                """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: test, version: 1}
                tier: computed
                outputs: [{name: answer.json, type: json, max_bytes: 65536}]
                privacy_unit: {\(unit)}
                queries: [count, sum, mean, histogram, quantile]
                mechanism: {\(mechanism)}
                budget: {per_query_rho_max: "900000", dataset_rho: "900000", project_rho: "900000"}
                decision: {auto: within-budget, otherwise: reject, reviewers: 1}
                \(more)
                """
            )
        )
    }

    static func table(_ rows: [String], unit: String = "{column: who, kind: id}") throws -> DatasetTable {
        var importer = DatasetImporter(try description(unit: unit))
        try importer.feed(Array(("who,a,x\n" + rows.map { $0 + "\n" }.joined()).utf8))
        return try importer.finish()
    }

    static func query(_ question: String, rho: String = "900000") throws -> DPQuery {
        try DPQuery(
            bytes: Array(
                """
                {"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"test","query":\(question),"rho":"\(rho)"}
                """.utf8
            )
        )
    }

    /// What the site enforces beside this target.
    static let capabilities: Set<Capability> = DPQuery.capabilities.union([
        "channel.exit_code", "channel.logs", "channel.release_tick", "channel.pad", "channel.max_runs_per_day",
    ])

    static func key() throws -> LineageKey { try LineageKey([UInt8](repeating: 7, count: 32)) }

    /// The values of an answer, by group.
    static func answer(
        _ question: String,
        _ table: DatasetTable,
        policy: OutputPolicy,
        rho: String = "900000"
    ) throws -> [[String]: String] {
        let engine = QueryEngine(try query(question, rho: rho), policy: policy, inputPolicy: try input())
        let bytes = try engine.answer(over: table, key: key(), random: SystemRandom(), capabilities: capabilities)
        let cells = try JSONReader.read(bytes)["cells"]?.array ?? []
        return Dictionary(
            uniqueKeysWithValues: cells.map { cell in
                (cell["key"]?.array?.compactMap(\.string) ?? [], cell["value"]?.string ?? "")
            }
        )
    }
}
