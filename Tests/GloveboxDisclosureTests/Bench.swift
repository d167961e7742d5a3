import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxDocuments
import GloveboxPolicy
import GloveboxTables

/// Small datasets, specs and policies for the tests of this folder.
enum Bench {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func yaml(_ text: String) throws -> JSONValue { try StrictYAML.read(Array(text.utf8)) }

    static func shipped(_ path: String) throws -> JSONValue {
        try StrictYAML.read(Array(Data(contentsOf: root.appending(path: path))))
    }

    /// Two category columns `a` and `b`, the first sensitive when asked, and rows as the unit.
    static func description(
        a: Int = 2,
        b: Int = 2,
        sensitive: Bool = false,
        unit: String = "{column: row, kind: row-number}",
        id: Bool = false,
        extra: String = ""
    ) throws -> DatasetDescription {
        func codes(_ count: Int) -> String { (1...count).map { "\"\($0)\"" }.joined(separator: ", ") }
        return try DatasetDescription(
            yaml(
                """
                apiVersion: glovebox/v1
                kind: Dataset
                metadata: {name: test, version: 1}
                privacy_unit: \(unit)
                columns:
                \(id ? "  - {name: who, type: id}" : "")
                  - {name: a, type: category, codes: [\(codes(a))], sensitive: \(sensitive)}
                  - {name: b, type: category, codes: [\(codes(b))], missing: "NA"}
                \(extra)
                """
            )
        )
    }

    static func input(_ columns: String = "a, b", filter: String = "") throws -> InputPolicy {
        try InputPolicy(
            yaml(
                """
                apiVersion: glovebox/v1
                kind: InputPolicy
                metadata: {name: test-input, version: 1}
                dataset: test
                columns: [\(columns)]
                row_filter: [\(filter)]
                mock: {rows: 50}
                """
            )
        )
    }

    static func table(_ description: DatasetDescription, _ csv: String) throws -> DatasetTable {
        var importer = DatasetImporter(description)
        try importer.feed(Array(csv.utf8))
        return try importer.finish()
    }

    /// A dataset whose cell (a, b) has the given number of rows.
    static func table(counts: [[Int]], sensitive: Bool = false) throws -> DatasetTable {
        var csv = "a,b\n"
        for (a, row) in counts.enumerated() {
            for (b, count) in row.enumerated() { csv += String(repeating: "\(a + 1),\(b + 1)\n", count: count) }
        }
        return try table(description(a: counts.count, b: counts[0].count, sensitive: sensitive), csv)
    }

    static func spec(_ groupBy: String = "[\"a\",\"b\"]", _ more: String = "") throws -> TableSpec {
        try TableSpec(
            bytes: Array(
                """
                {"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"test","output":"table.csv","group_by":\(groupBy)\(more)}
                """.utf8
            )
        )
    }

    static func counts(
        _ rows: any RowSource,
        _ spec: TableSpec,
        _ input: InputPolicy? = nil,
        scratch: any Scratch = MemoryScratch()
    ) throws -> CellCounts {
        try CellCounts(
            rows,
            frame: TableFrame(spec, description: rows.description),
            conditions: spec.conditions,
            variable: MeasuredVariable(spec, description: rows.description),
            inputPolicy: input ?? Bench.input(),
            key: key(),
            scratch: scratch
        )
    }

    static func key() throws -> LineageKey { try LineageKey([UInt8](repeating: 7, count: 32)) }

    static func record(_ id: String, _ table: DatasetTable, _ spec: TableSpec, _ input: InputPolicy? = nil) throws
        -> ReleaseRecord
    {
        try ReleaseRecord(id: id, spec: spec, version: table, counts: counts(table, spec, input))
    }

    static func threshold(_ text: String = "") throws -> ThresholdCheck {
        let policy = try OutputPolicy(
            yaml(
                """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: test, version: 1}
                tier: recomputed
                outputs: [{name: table.csv, type: csv}, {name: table.spec.json, type: table-spec}]
                checks: {threshold: {\(text)}}
                """
            )
        )
        guard let threshold = policy.checks.threshold else { throw GloveboxError("test", "no threshold") }
        return threshold
    }
}
