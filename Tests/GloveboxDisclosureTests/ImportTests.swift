import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import Testing

@Suite struct ImportTests {
    static func numbers(_ extra: String = "") throws -> DatasetDescription {
        try DatasetDescription(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: Dataset
                metadata: {name: test, version: 1}
                privacy_unit: {column: who, kind: id}
                columns:
                  - {name: who, type: id}
                  - {name: x, type: decimal, decimals: 2, min: "-1", max: "10", missing: ""}
                  - {name: b, type: boolean, codes: ["no", "yes"], positive: "yes"}
                \(extra)
                """
            )
        )
    }

    @Test func `reads typed columns in chunks of any size`() throws {
        let csv = Array("b,extra,who,x\nyes,1,p1,2.50\nno,2,p2,\nyes,3,p1,-1\n".utf8)
        var digests: Set<Digest> = []
        for size in [1, 3, 1000] {
            var importer = DatasetImporter(try Self.numbers())
            for start in stride(from: 0, to: csv.count, by: size) {
                try importer.feed(Array(csv[start..<min(start + size, csv.count)]))
            }
            let table = try importer.finish()
            #expect(table.rowCount == 3 && table.unitCount == 2)
            #expect(table.columns[1] == .numbers([250, DatasetTable.Column.missingNumber, -100]))
            #expect(table.columns[2] == .codes([1, 0, 1]))
            #expect(table.unitLookup == [0, 1, 0])
            #expect(table.text(column: 1, row: 0) == "2.5" && table.text(column: 1, row: 1) == nil)
            digests.insert(table.contentDigest)
        }
        #expect(digests.count == 1)
    }

    @Test(arguments: [
        ("who,x,b\np,1,maybe\n", "dataset.value", "row 1 (line 2), column b"),
        ("who,x,b\np,1,yes\np,11,yes\n", "dataset.value", "row 2"),
        ("who,x,b\np,1.234,yes\n", "dataset.value", "column x"), ("who,x,b\np,NaN,yes\n", "dataset.value", "column x"),
        ("who,x,b\np,1e99,yes\n", "dataset.value", "column x"), ("who,x,b\n,1,yes\n", "dataset.value", "column who"),
        ("who,x,b\np,1\n", "dataset.csv", "line 2"), ("who,b\np,yes\n", "dataset.column", "column x"),
        ("who,x,x,b\np,1,1,yes\n", "dataset.column", "column x"), ("who,x,b\n", "dataset.csv", "no rows"),
        ("", "dataset.csv", ""),
    ])
    func `refuses the first wrong value and says where`(csv: String, code: String, place: String) throws {
        let description = try Self.numbers()
        let error = #expect(throws: GloveboxError.self) { try Bench.table(description, csv) }
        #expect(error?.code == code)
        #expect(error?.message.contains(place) == true)
        #expect(error?.message.contains("maybe") == false)
    }

    @Test func `clamps only where the description says so`() throws {
        let table = try Bench.table(Self.numbers("on_out_of_bounds: clamp"), "who,x,b\np,11,yes\nq,-7,no\n")
        #expect(table.columns[1] == .numbers([1000, -100]))
    }

    @Test func `checks the pinned digest and skips lines`() throws {
        let description = try DatasetDescription(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: Dataset
                metadata: {name: test, version: 1}
                file: {sha256: "\(Digest(sha256: Array("569,30\nx\nz\n".utf8)).hex)", skip_lines: 1, header: none}
                privacy_unit: {column: row, kind: row-number}
                columns: [{name: a, type: category, codes: [x, z]}]
                """
            )
        )
        #expect(try Bench.table(description, "569,30\nx\nz\n").rowCount == 2)
        #expect(throws: GloveboxError("dataset.digest", "")) { try Bench.table(description, "569,31\nx\nz\n") }
        let error = #expect(throws: GloveboxError.self) { try Bench.table(description, "569,30\nx\nw\n") }
        #expect(error?.message.contains("row 2 (line 3)") == true)
    }

    @Test func `refuses rows that are declared impossible`() throws {
        let description = try Bench.description(extra: "structural_zeros: [{a: \"1\", b: \"2\"}]")
        #expect(throws: Never.self) { try Bench.table(description, "a,b\n1,1\n2,2\n") }
        #expect(throws: GloveboxError("dataset.value", "")) { try Bench.table(description, "a,b\n1,1\n1,2\n") }
    }

    @Test func `a stored table comes back, and damaged bytes do not`() throws {
        let table = try Bench.table(Self.numbers(), "who,x,b\np1,2.5,yes\np2,,no\n")
        let again = try DatasetTable(stored: table.encoded, description: table.description)
        #expect(again.columns == table.columns && again.contentDigest == table.contentDigest)
        for count in 0..<table.encoded.count {
            #expect(throws: GloveboxError.self) {
                try DatasetTable(stored: Array(table.encoded[..<count]), description: table.description)
            }
        }
        for index in table.encoded.indices {
            var bytes = table.encoded
            bytes[index] ^= 0xff
            _ = try? DatasetTable(stored: bytes, description: table.description)
        }
    }

    @Test func `a projection shows allowed columns and rows in an order of its own`() throws {
        let table = try Bench.table(counts: [[3, 4], [5, 6]])
        let input = try Bench.input("b", filter: "{column: a, op: eq, value: \"2\"}")
        let first = try Projection(table, inputPolicy: input, permutationSeed: Digest(sha256: [1]))
        let second = try Projection(table, inputPolicy: input, permutationSeed: Digest(sha256: [2]))
        let lines = String(decoding: first.csv, as: UTF8.self).split(separator: "\n")
        #expect(lines.first == "b" && lines.count == 12 && first.rowCount == 11)
        #expect(lines.dropFirst().filter { $0 == "1" }.count == 5)
        #expect(first.csv != second.csv)
        #expect(first.csv == Array(first.pieces().joined()))
        #expect(first.csv.sorted() == second.csv.sorted())
    }

    @Test func `mock data follows the description and repeats`() throws {
        let description = try Self.numbers()
        let input = try Bench.input("who, x, b")
        let first = try MockData.csv(description, inputPolicy: input)
        #expect(try MockData.csv(description, inputPolicy: input) == first)
        let table = try Bench.table(description, String(decoding: first, as: UTF8.self))
        #expect(table.rowCount == 50 && table.unitCount == 50)
        #expect(table.text(column: 0, row: 0) == "mock-000001")
        let other = try MockData.csv(Self.numbers("structural_zeros: [{b: \"no\"}]"), inputPolicy: input)
        #expect(other != first)
    }
}
