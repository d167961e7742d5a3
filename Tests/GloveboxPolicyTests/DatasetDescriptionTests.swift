import GloveboxCore
import GloveboxDocuments
import GloveboxPolicy
import Testing

@Suite struct DatasetDescriptionTests {
    static func description(
        _ columns: String,
        unit: String = "{column: row, kind: row-number}",
        extra: String = ""
    ) throws -> DatasetDescription {
        let text = """
            apiVersion: glovebox/v1
            kind: Dataset
            metadata: {name: test, version: 1}
            privacy_unit: \(unit)
            columns:
            \(columns)
            \(extra)
            """
        return try DatasetDescription(StrictYAML.read(Array(text.utf8)))
    }

    @Test func `bands are half open and the last one is closed`() throws {
        let description = try Self.description(
            "  - {name: t, type: decimal, decimals: 1, min: \"-5\", max: \"20.5\", bandings: {b: [\"-5\", \"0\", \"10.5\", \"20.5\"]}}"
        )
        guard case .number(let number) = description.columns[0].type else {
            Issue.record("no number")
            return
        }
        #expect(number.bandings[0].labels == ["(-5)..0", "0..10.5", "10.5..20.5"])
        let bands = [-50, -1, 0, 104, 105, 205].map { number.bandings[0].band(of: $0) }
        #expect(bands == [0, 0, 1, 1, 2, 2])
        #expect(number.bandings[0].band(of: 206) == nil && number.bandings[0].band(of: -51) == nil)
    }

    @Test(arguments: [
        "  - {name: a, type: category, codes: [\"=1\"]}", "  - {name: a, type: category, codes: [\"é\"]}",
        "  - {name: a, type: category, codes: [\"x\", \"x\"]}", "  - {name: a, type: category, codes: [Total]}",
        "  - {name: \"n\", type: category, codes: [x]}", "  - {name: a, type: boolean, codes: [x, v], positive: z}",
        "  - {name: a, type: integer, min: \"5\", max: \"5\"}",
        "  - {name: a, type: integer, min: \"0.5\", max: \"5\"}",
        "  - {name: a, type: decimal, decimals: 10, min: \"0\", max: \"5\"}",
        "  - {name: a, type: integer, min: \"0\", max: \"9\", bandings: {b: [\"1\", \"9\"]}}",
        "  - {name: a, type: integer, min: \"0\", max: \"9\", bandings: {b: [\"0\", \"5\", \"5\", \"9\"]}}",
        "  - {name: a, type: category, codes: [x]}\n  - {name: a, type: category, codes: [x]}",
        "  - {name: row, type: category, codes: [x]}", "  - {name: a, type: category, codes: [x], missing: \"a\\tb\"}",
    ])
    func `refuses columns that could not be released safely`(columns: String) {
        #expect(throws: GloveboxError("document.value", "")) { try Self.description(columns) }
    }

    @Test func `an id unit names an id column`() throws {
        let columns = "  - {name: who, type: id}\n  - {name: a, type: category, codes: [x]}"
        #expect(throws: Never.self) { try Self.description(columns, unit: "{column: who, kind: id}") }
        #expect(throws: GloveboxError("document.value", "")) {
            try Self.description(columns, unit: "{column: a, kind: id}")
        }
        #expect(throws: GloveboxError("document.value", "")) {
            try Self.description(columns, unit: "{column: b, kind: id}")
        }
    }

    @Test func `structural zeros name codes`() throws {
        let columns = "  - {name: a, type: category, codes: [x, \"z\"]}\n  - {name: b, type: category, codes: [v]}"
        let description = try Self.description(columns, extra: "structural_zeros: [{a: x, b: v}]")
        #expect(description.structuralZeros.count == 1)
        #expect(throws: GloveboxError("document.value", "")) {
            try Self.description(columns, extra: "structural_zeros: [{a: w}]")
        }
    }

    @Test func `conditions use codes and declared cut points`() throws {
        let description = try Self.description(
            """
              - {name: a, type: category, codes: [x, z]}
              - {name: t, type: integer, min: "0", max: "9", bandings: {b: ["0", "5", "9"]}}
            """
        )
        func input(_ filter: String) throws -> InputPolicy {
            let text = """
                apiVersion: glovebox/v1
                kind: InputPolicy
                metadata: {name: test, version: 1}
                dataset: test
                columns: [a, t]
                row_filter: [\(filter)]
                """
            return try InputPolicy(StrictYAML.read(Array(text.utf8)))
        }
        for good in [
            "{column: a, op: in, value: [x, z]}", "{column: a, op: ne, value: x}", "{column: t, op: ge, value: \"5\"}",
        ] {
            #expect(throws: Never.self) { try input(good).check(against: description) }
        }
        for bad in [
            "{column: a, op: eq, value: w}", "{column: a, op: lt, value: x}", "{column: t, op: ge, value: \"4\"}",
            "{column: t, op: eq, value: \"5\"}", "{column: q, op: eq, value: x}",
        ] {
            #expect(throws: GloveboxError("spec.predicate", "")) { try input(bad).check(against: description) }
        }
    }
}
