package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy

/// What the owner learns of a file before registering it: every wrong value, or how its rows hide among each other.
package struct DatasetReview: Sendable {
    private let rows: Int
    private let units: Int
    private let problems: [DatasetProblem]
    private let report: AnonymityReport?

    /// Whether the file fits the description.
    package var isValid: Bool { problems.isEmpty }

    /// Reads a file against a description; quasi-identifiers are the named columns or else all codes and numbers that are
    /// not sensitive.
    ///
    /// - Throws: `document.*`, `dataset.*` for what is wrong with the file as a whole.
    package init(path: String, schema: JSONValue, quasi: [String]) throws(GloveboxError) {
        let description = try DatasetDescription(schema)
        for name in quasi where description.column(named: name) == nil {
            throw GloveboxError("dataset.column", "the schema has no column \(Display.escape(name))")
        }
        var importer = DatasetImporter(description)
        var table: DatasetTable?
        do throws(GloveboxError) {
            try DatasetFile.read(path, hint: nil) { (chunk) throws(GloveboxError) in try importer.feed(chunk) }
            table = try importer.finish()
        } catch { guard error.code == "dataset.value" else { throw error } }
        problems = importer.problems
        rows = table?.rowCount ?? 0
        units = table?.unitCount ?? 0
        report = table.map { table in
            let usual = description.columns.filter { !$0.isSensitive && $0.type != .identifier }.map(\.name)
            return AnonymityReport(table, quasi: quasi.isEmpty ? usual : quasi)
        }
    }

    /// The review as one object; numbers that are no integers are texts of four decimals.
    package var json: JSONValue {
        var object = JSONObject([
            ("valid", .bool(isValid)),
            (
                "problems",
                .array(
                    problems.map { problem in
                        var object = JSONObject([
                            ("row", .integer(Int64(problem.row))), ("line", .integer(Int64(problem.line))),
                            ("why", .string(problem.why)),
                        ])
                        object["column"] = problem.column.map(JSONValue.string)
                        return .object(object)
                    }
                )
            ),
        ])
        guard let report else { return .object(object) }
        object["rows"] = .integer(Int64(rows))
        object["units"] = .integer(Int64(units))
        object["anonymity"] = [
            "quasiIdentifiers": .array(report.quasi.map(JSONValue.string)), "k": .integer(Int64(report.k)),
            "classes": .integer(Int64(report.classes)), "uniqueRows": .integer(Int64(report.unique)),
            "sensitive": .array(
                report.diversity.map {
                    [
                        "column": .string($0.column), "distinctL": .integer(Int64($0.distinct)),
                        "entropyL": .string(Self.text($0.entropy)), "recursiveC": .string(Self.text($0.recursiveC)),
                        "tCloseness": .string(Self.text($0.closeness)),
                    ]
                }
            ),
        ]
        return .object(object)
    }

    /// The review in lines.
    package var lines: [String] {
        guard let report else {
            let end = problems.count == DatasetProblem.limit ? ["refused     stopped after \(problems.count)"] : []
            return problems.map { "value       \($0.text)" } + end
        }
        return [
            "valid       \(rows) rows, \(units) units",
            "quasi       \(report.quasi.joined(separator: ", "))",
            "k           \(report.k): the smallest of \(report.classes) classes; \(report.unique) rows stand alone",
        ]
            + report.diversity.map {
                "sensitive   \($0.column): distinct l \($0.distinct), entropy l \(Self.text($0.entropy)), "
                    + "recursive c above \(Self.text($0.recursiveC)), t \(Self.text($0.closeness))"
            }
    }

    private static func text(_ value: Double) -> String {
        let scaled = Int64((value * 10_000).rounded())
        let rest = String(scaled % 10_000)
        return "\(scaled / 10_000)." + String(repeating: "0", count: 4 - rest.utf8.count) + rest
    }
}
