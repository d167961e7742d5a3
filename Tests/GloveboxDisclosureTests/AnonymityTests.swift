import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import Testing

@Suite struct AnonymityTests {
    typealias Diversity = AnonymityReport.Diversity

    // Known answers of section 5.8 from published tables (Machanavajjhala 2007, Li 2007).
    @Test(arguments: [
        // Values in rising order: cancer, heart disease, viral infection.
        ([[0, 2, 2], [1, 1, 2], [4, 0, 0]], false, 1, 1.0, 0.583_333_333_333_333_3),
        ([[2, 1, 1], [1, 1, 2], [2, 1, 1]], false, 3, 2.828_427_124_746_19, 0.166_666_666_666_666_69),
        // Salaries 3 to 11.
        (
            [[1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 1, 0, 1, 1, 0]], true, 3, 3.0,
            0.375
        ),
    ])
    func `agrees with published tables`(
        classes: [[Int]],
        isOrdered: Bool,
        distinct: Int,
        entropy: Double,
        closeness: Double
    ) {
        let diversity = Diversity(column: "x", classes, isOrdered: isOrdered)
        #expect(diversity.distinct == distinct)
        #expect(abs(diversity.entropy - entropy) < 1e-9)
        #expect(abs(diversity.closeness - closeness) < 1e-9)
    }

    /// A dataset of a vector's rows; each value that is no number becomes a code, since codes are plain labels.
    static func report(_ vector: VectorTests.Vector) throws -> AnonymityReport {
        let names = try #require(vector.input["columns"] as? [String])
        let rows = try #require(vector.input["rows"] as? [[Any]])
        let quasi = try #require(vector.params["quasi_identifiers"] as? [String])
        let sensitive = vector.params["sensitive"] as? String
        var columns = ""
        var texts = rows.map { _ in [String]() }
        for (index, name) in names.enumerated() {
            let values = rows.map { $0[index] }
            if name == sensitive, let numbers = values as? [Int] {
                columns += "  - {name: \"\(name)\", type: integer, min: \"0\", max: \"100\", sensitive: true}\n"
                for (row, number) in numbers.enumerated() { texts[row].append(String(number)) }
                continue
            }
            let words = values.map { "\($0)" }
            let codes = Array(Set(words)).sorted()
            let labels = codes.indices.map { "\"c\($0)\"" }.joined(separator: ", ")
            columns += "  - {name: \"\(name)\", type: category, codes: [\(labels)], sensitive: \(name == sensitive)}\n"
            for (row, word) in words.enumerated() { texts[row].append("c\(codes.firstIndex(of: word) ?? 0)") }
        }
        let description = try DatasetDescription(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: Dataset
                metadata: {name: test, version: 1}
                privacy_unit: {column: row, kind: row-number}
                columns:
                \(columns)
                """
            )
        )
        let lines = texts.map { $0.joined(separator: ",") + "\n" }.joined()
        return AnonymityReport(try Bench.table(description, names.joined(separator: ",") + "\n" + lines), quasi: quasi)
    }

    @Test func `k, l and t of whole tables agree with pycanon`() throws {
        let vectors = try VectorTests.all("k_anonymity_l_diversity")
        for vector in vectors {
            let report = try Self.report(vector)
            let found = try #require(report.diversity.first)
            #expect(report.k == vector.expected["k"] as? Int, "\(vector.id)")
            #expect(found.distinct == vector.expected["distinct_l"] as? Int, "\(vector.id)")
            let entropy = try #require(vector.expected["entropy_l_exact"] as? Double)
            let closeness = try #require(vector.expected["t_closeness"] as? Double)
            #expect(abs(found.entropy - entropy) < 1e-9 && abs(found.closeness - closeness) < 1e-9, "\(vector.id)")
        }
    }

    @Test func `classes have the sizes of sdcMicro`() throws {
        let vectors = try VectorTests.all("equivalence_class_sizes")
        for vector in vectors {
            let report = try Self.report(vector)
            let rows = try #require(vector.expected["fk"] as? [Int])
            // Each row tells the size of its class.
            #expect(report.sizes.flatMap { Array(repeating: $0, count: $0) } == rows.sorted(), "\(vector.id)")
            #expect(report.k == vector.expected["k"] as? Int && report.unique == vector.expected["n1"] as? Int)
        }
    }

    @Test func `recursive diversity compares the commonest value with the rare ones`() {
        #expect(Diversity(column: "x", [[2, 1, 1], [1, 1, 1]], isOrdered: false).recursiveC == 2)
    }

    @Test func `counts classes over the quasi-identifiers`() throws {
        let table = try Bench.table(counts: [[5, 3], [1, 7]], sensitive: true)
        let report = AnonymityReport(table, quasi: ["b"])
        #expect(report.k == 6 && report.classes == 2 && report.unique == 0)
        #expect(report.diversity.map(\.column) == ["a"] && report.diversity.first?.distinct == 2)
        let both = AnonymityReport(table, quasi: ["a", "b"])
        #expect(both.k == 1 && both.unique == 1 && both.diversity.isEmpty)
    }

    @Test func `every wrong value is listed, up to a limit`() throws {
        var importer = DatasetImporter(try ImportTests.numbers())
        try importer.feed(Array("who,x,b\np,11,maybe\nq,1,yes\nr,x,no\n".utf8))
        let error = #expect(throws: GloveboxError.self) { try importer.finish() }
        #expect(
            importer.problems.map(\.text) == [
                "row 1 (line 2), column x: outside the declared bounds",
                "row 1 (line 2), column b: not in the codebook",
                "row 3 (line 4), column x: not a number",
            ]
        )
        #expect(error?.code == "dataset.value" && error?.message.contains("row 3 (line 4)") == true)
        var flooded = DatasetImporter(try ImportTests.numbers())
        let rows = String(repeating: "p,99,yes\n", count: 5000)
        #expect(throws: GloveboxError.self) { try flooded.feed(Array(("who,x,b\n" + rows).utf8)) }
        #expect(flooded.problems.count == DatasetProblem.limit)
    }

    @Test func `the mock dataset shows a job the mock file's own values`() throws {
        let description = try Bench.description(extra: "  - {name: c, type: category, codes: [\"1\", \"2\"]}")
        let input = try Bench.input()
        let table = try MockData.table(description, inputPolicy: input)
        let mock = try String(decoding: MockData.csv(description, inputPolicy: input), as: UTF8.self)
        let rows = (0..<table.rowCount).map { row in
            (0..<2).map { table.text(column: $0, row: row) ?? "" }.joined(separator: ",")
        }
        #expect(mock == "a,b\n" + rows.joined(separator: "\n") + "\n")
        #expect(table.columns.count == 3)
    }
}
