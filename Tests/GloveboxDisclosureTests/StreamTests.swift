import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// A file that is counted while it is read, beside the same rows in memory.
@Suite struct StreamTests {
    struct Pieces: RowSource {
        let description: DatasetDescription
        let bytes: [UInt8]
        let size: Int

        func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int {
            var importer = DatasetImporter(description)
            for start in stride(from: 0, to: bytes.count, by: size) {
                try importer.feed(Array(bytes[start..<min(start + size, bytes.count)]))
                try take(importer.takeRows())
            }
            let count = try importer.end()
            try take(importer.takeRows())
            return count
        }
    }

    static let columns = """
          - {name: x, type: decimal, decimals: 1, min: "-1000", max: "1000", missing: "NA"}
          - {name: sick, type: boolean, codes: ["no", "yes"], positive: "yes"}
        """

    /// Rows of some units, in no order, with some values missing.
    static func file(ids: Bool, rows: Int = 900) -> String {
        var state: UInt64 = 7
        func draw(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        let lines = (0..<rows).map { _ -> String in
            let x = draw(20) == 0 ? "NA" : "\(draw(900)).\(draw(10))"
            let b = draw(15) == 0 ? "NA" : "\(draw(3) + 1)"
            let values = "\(draw(3) + 1),\(b),\(x),\(draw(2) == 0 ? "no" : "yes")"
            return ids ? "unit \(draw(250)),\(values)\n" : values + "\n"
        }
        return (ids ? "who," : "") + "a,b,x,sick\n" + lines.joined()
    }

    @Test(arguments: [false, true], ["count", "sum", "mean", "proportion"])
    func `a file gives the decision that a table gives, however it is cut`(ids: Bool, statistic: String) throws {
        let description = try Bench.description(
            a: 3,
            b: 3,
            unit: ids ? "{column: who, kind: id}" : "{column: row, kind: row-number}",
            id: ids,
            extra: Self.columns
        )
        let text = Self.file(ids: ids)
        let table = try Bench.table(description, text)
        let variable = statistic == "count" ? "" : ",\"variable\":\"\(statistic == "proportion" ? "sick" : "x")\""
        let spec = try Bench.spec("[\"a\",\"b\"]", ",\"totals\":true,\"statistic\":\"\(statistic)\"" + variable)
        let input = try Bench.input("a, b, x, sick", filter: "{column: a, op: ne, value: \"3\"}")
        func decide(_ rows: any RowSource) throws -> Decision {
            let request = ReleaseGate.Request(
                id: "rel",
                policy: try MeasureTests.policy { $0.replacing("mean_audit: true", with: "mean_audit: false") },
                inputPolicy: input,
                table: rows,
                spec: spec
            )
            return try ReleaseGateTests.decide(request, MeasureTests.claim(table, spec, input))
        }
        let whole = try decide(table)
        for size in [7, 64, 1000, 1 << 20] {
            let streamed = try decide(Pieces(description: description, bytes: Array(text.utf8), size: size))
            #expect(streamed.findings == whole.findings && streamed.files == whole.files, "\(size)")
            #expect(streamed.outcome == whole.outcome && streamed.millibits == whole.millibits)
            #expect(streamed.record == nil)
        }
    }

    @Test func `a file with a wrong value is refused, whatever was counted before it`() throws {
        let description = try Bench.description(a: 3, b: 3, extra: Self.columns)
        let text = Self.file(ids: false) + "1,1,2,maybe\n1,1,3,no\n"
        let rows = Pieces(description: description, bytes: Array(text.utf8), size: 100)
        #expect(throws: GloveboxError("dataset.value", "")) { try rows.rows { _ in } }
    }

    @Test func `a file cannot be compared with what was released`() throws {
        let description = try Bench.description(a: 3, b: 3, extra: Self.columns)
        let text = Self.file(ids: false)
        let spec = try Bench.spec()
        let input = try Bench.input("a, b, x, sick")
        let record = try Bench.record("rel_old", Bench.table(description, text), spec, input)
        let request = ReleaseGate.Request(
            id: "rel",
            policy: try MeasureTests.policy(),
            inputPolicy: input,
            table: Pieces(description: description, bytes: Array(text.utf8), size: 4096),
            spec: spec
        )
        #expect(throws: GloveboxError("dataset.file", "")) {
            try ReleaseGateTests.decide(request, "a,b,n\n", history: [record])
        }
    }
}
