import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

@Suite struct TableTests {
    @Test func `the table is the cross product in codebook order, totals last`() throws {
        let table = try Bench.table(counts: [[12, 13], [21, 34]])
        let rounding = try VectorTests.rounding("nearest", 5)
        let counts = try Bench.counts(table, Bench.spec())
        let plain = ReleasedTable(counts, rounding: rounding, withTotals: false)
        #expect(String(decoding: plain.csv, as: UTF8.self) == "a,b,n\n1,1,10\n1,2,15\n2,1,20\n2,2,35\n")
        let totals = ReleasedTable(counts, rounding: rounding, withTotals: true)
        #expect(
            String(decoding: totals.csv, as: UTF8.self)
                == "a,b,n\n1,1,10\n1,2,15\n1,total,25\n2,1,20\n2,2,35\n2,total,55\ntotal,1,30\ntotal,2,50\ntotal,total,80\n"
        )
        #expect(totals.rows.map(\.exact) == [12, 13, 25, 21, 34, 55, 33, 47, 80])
    }

    @Test func `a table without dimensions is one number`() throws {
        let table = try Bench.table(counts: [[12, 13], [21, 34]])
        let counts = try Bench.counts(
            table,
            Bench.spec("[]", ",\"where\":[{\"column\":\"a\",\"op\":\"eq\",\"value\":\"2\"}]")
        )
        let released = ReleasedTable(counts, rounding: try VectorTests.rounding("nearest", 5), withTotals: true)
        #expect(String(decoding: released.csv, as: UTF8.self) == "n\n55\n")
        #expect(counts.unitCount == 80)
    }

    @Test func `counts units, not rows`() throws {
        let description = try Bench.description(unit: "{column: who, kind: id}", id: true)
        let table = try Bench.table(description, "who,a,b\np,1,1\np,1,1\np,1,2\nq,1,1\nr,2,NA\n")
        let counts = try Bench.counts(table, Bench.spec())
        let released = ReleasedTable(counts, rounding: try VectorTests.rounding("nearest", 1), withTotals: true)
        let exact = Dictionary(uniqueKeysWithValues: released.rows.map { ($0.labels, $0.exact) })
        #expect(exact[["1", "1"]] == 2 && exact[["1", "2"]] == 1 && exact[["1", "total"]] == 2)
        #expect(exact[["2", "1"]] == 0 && exact[["total", "total"]] == 2 && counts.unitCount == 3)
    }

    @Test func `combinations that cannot exist are left out`() throws {
        let description = try Bench.description(extra: "structural_zeros: [{a: \"1\", b: \"2\"}]")
        let table = try Bench.table(description, "a,b\n1,1\n2,2\n2,1\n")
        let counts = try Bench.counts(table, Bench.spec())
        let released = ReleasedTable(counts, rounding: try VectorTests.rounding("nearest", 1), withTotals: false)
        #expect(released.rows.map(\.labels) == [["1", "1"], ["2", "1"], ["2", "2"]])
    }

    @Test(
        arguments: [
            ([[5, 1], [20, 20]], [[0, 0], [0, 1]], "all but one"), ([[12, 0], [20, 20]], [[0, 0], [0, 1]], "all"),
            ([[5, 2], [20, 20]], [], "spread"), ([[1, 0], [20, 20]], [[0, 0], [0, 1]], "a single unit"),
            ([[0, 0], [20, 20]], [], "nobody"),
        ] as [([[Int]], [[Int]], String)]
    )
    func `finds groups that are full`(counts: [[Int]], cells: [[Int]], case: String) throws {
        // The second dimension is sensitive here, so each row of counts is a group.
        let transposed = [counts.map { $0[0] }, counts.map { $0[1] }]
        let table = try Bench.table(counts: transposed, sensitive: true)
        let found = try Bench.threshold("min_units: 1").findings(Bench.counts(table, Bench.spec("[\"b\",\"a\"]")))
        let full = try #require(found.last)
        #expect(full.check == "full_cells")
        // Of a group that is all but one in a category, the single unit's cell is not itself full.
        let expected = cells.filter { cell in
            let (value, group) = (counts[cell[0]][cell[1]], counts[cell[0]].reduce(0, +))
            return value >= group - 1 || value == 0
        }
        #expect(VectorTests.cells(full) == expected)
    }

    @Test func `full cells are looked for in sensitive columns alone`() throws {
        let table = try Bench.table(counts: [[20, 20], [0, 20]])
        let found = try Bench.threshold("min_units: 1, zeros: allowed").findings(Bench.counts(table, Bench.spec()))
        #expect(found.last?.check == "full_cells" && found.last?.outcome == .pass)
    }

    static func claim(_ text: String) throws -> CheckedTable {
        guard case .table(let table) = Checker.parse(Array(text.utf8), limits: .ceiling) else {
            throw GloveboxError("test", "refused")
        }
        return table
    }

    @Test(arguments: [
        ("a,b,n\n1,1,12\n1,2,13\n2,1,21\n2,2,34\n", 0), ("a,b,n\n2,2,34\n2,1,21\n1,2,13\n1,1,12\n", 0),
        ("a,b,n\n1,1,10\n1,2,15\n2,1,20\n2,2,35\n", 0),
        ("a,b,n\n1,1,12.000000000001\n1,2,1.3e1\n2,1,21.0\n2,2,34\n", 0),
        ("a,b,n\n1,1,13\n1,2,13\n2,1,21\n2,2,34\n", 1), ("a,b,n\n1,1,12.1\n1,2,13\n2,1,21\n2,2,34\n", 1),
        ("a,b,n\n1,1,-12\n1,2,13\n2,1,21\n2,2,34\n", 1), ("a,b,n\n1,1,[c]\n1,2,13\n2,1,21\n2,2,34\n", 1),
        ("a,b,n\n1,1,x\n1,2,13\n2,1,21\n2,2,34\n", 1), ("a,b,n\n1,1,12\n1,2,13\n2,1,21\n", 1),
        ("a,b,n\n1,1,12\n1,1,12\n1,2,13\n2,1,21\n2,2,34\n", 1), ("a,b,n\n1,1,12\n1,2,13\n2,1,21\n2,2,34\n3,1,0\n", 1),
        ("a,b,n\n01,1,12\n1,2,13\n2,1,21\n2,2,34\n", 2), ("b,a,n\n1,1,12\n1,2,13\n2,1,21\n2,2,34\n", 1), ("a,b,n\n", 4),
        ("a,b,n\n1,1,999999999999999999e18\n1,2,13\n2,1,21\n2,2,34\n", 1),
        ("a,b,n\n1,1,9223372036854775807\n1,2,13\n2,1,21\n2,2,34\n", 1),
    ])
    func `a claim agrees row by row or not at all`(text: String, wrong: Int) throws {
        let rounding = try VectorTests.rounding("nearest", 5)
        let counts = try Bench.counts(Bench.table(counts: [[12, 13], [21, 34]]), Bench.spec())
        let released = ReleasedTable(counts, rounding: rounding, withTotals: false)
        #expect(released.mismatches(try Self.claim(text), rounding: rounding).count == wrong)
    }

    @Test(arguments: [
        "{\"column\":\"a\",\"cut\":\"5\"}", "{\"column\":\"a\"}", "\"a\",\"a\"", "1", "\"a\",\"b\",\"c\",\"d\",\"e\"",
    ])
    func `refuses specs outside the grammar`(dimension: String) {
        #expect(throws: GloveboxError.self) { try Bench.spec("[\(dimension)]") }
    }

    @Test(arguments: [
        ",\"weight\":\"x\"", ",\"statistic\":\"median\"", ",\"statistic\":\"mean\"", ",\"totals\":1",
        ",\"variable\":\"a\"",
        ",\"where\":[{\"column\":\"a\",\"op\":\"like\",\"value\":\"x\"}]", ",\"kind\":\"TableSpec\"",
    ])
    func `refuses unknown keys and words`(more: String) {
        #expect(throws: GloveboxError.self) { try Bench.spec("[\"a\"]", more) }
    }
}
