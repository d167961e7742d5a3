import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// What is made of a dataset's rows while they go by, beside what is made of the same rows in memory.
@Suite struct RowViewTests {
    private static func rows() throws -> (table: DatasetTable, pieces: StreamTests.Pieces, input: InputPolicy) {
        let description = try Bench.description(
            a: 3,
            b: 3,
            unit: "{column: who, kind: id}",
            id: true,
            extra: StreamTests.columns
        )
        let text = StreamTests.file(ids: true)
        let input = try Bench.input("who, a, x, sick", filter: "{column: a, op: ne, value: \"3\"}")
        let pieces = StreamTests.Pieces(description: description, bytes: Array(text.utf8), size: 777)
        return (try Bench.table(description, text), pieces, input)
    }

    private static func shuffled(_ view: RowView, _ seed: UInt8, portion: Int) throws -> [UInt8] {
        var out: [UInt8] = []
        let size = try view.ordered { _ in }
        try view.shuffled(seed: Digest(sha256: [seed]), size: size, portion: portion) { out += $0 }
        return out
    }

    @Test func `a job's file is the same whether its rows are in memory or read as they are written`() throws {
        let (table, pieces, input) = try Self.rows()
        let projection = try Projection(table, inputPolicy: input, permutationSeed: Digest(sha256: [1]))
        for rows in [table, pieces] as [any RowSource] {
            let view = try RowView(rows, inputPolicy: input)
            var ordered: [UInt8] = []
            let size = try view.ordered { ordered += $0 }
            #expect(ordered == projection.ordered.csv)
            #expect(size == RowView.Size(rows: projection.rowCount, bytes: ordered.count))
            #expect(try Self.shuffled(view, 1, portion: 1 << 20) == projection.csv)
        }
        let header = try RowView(pieces, inputPolicy: input, showsRows: false)
        var shown: [UInt8] = []
        #expect(try header.ordered { shown += $0 } == RowView.Size(rows: 0, bytes: shown.count))
        #expect(String(decoding: shown, as: UTF8.self) == "who,a,x,sick\n")
    }

    @Test func `rows shuffled in portions are the same rows, in an order that the seed alone decides`() throws {
        let (_, pieces, input) = try Self.rows()
        let view = try RowView(pieces, inputPolicy: input)
        let whole = try Self.shuffled(view, 1, portion: 1 << 20)
        let first = try Self.shuffled(view, 1, portion: 3000)
        #expect(try Self.shuffled(view, 1, portion: 3000) == first)
        let second = try Self.shuffled(view, 2, portion: 3000)
        func lines(_ bytes: [UInt8]) -> [Substring] {
            String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        }
        #expect(first != second && first != whole)
        #expect(lines(first).first == "who,a,x,sick" && lines(first).sorted() == lines(whole).sorted())
        #expect(lines(second).sorted() == lines(whole).sorted())
    }

    @Test func `each row is as likely in each place, also in portions`() throws {
        let description = try Bench.description(a: 8, b: 1)
        let text = "a,b\n" + (1...8).map { "\($0),1\n" }.joined()
        let view = try RowView(Bench.table(description, text), inputPolicy: Bench.input("a"))
        var counts = [[Int]](repeating: [Int](repeating: 0, count: 8), count: 8)
        let size = try view.ordered { _ in }
        let rounds = 600
        for round in 0..<rounds {
            var out: [UInt8] = []
            let seed = Digest(sha256: [UInt8(round >> 8), UInt8(round & 255)])
            try view.shuffled(seed: seed, size: size, portion: 60) { out += $0 }
            let digits = out.dropFirst(2).filter { $0 != UInt8(ascii: "\n") }.map { Int($0) - 49 }
            try #require(digits.count == 8)
            for (place, value) in digits.enumerated() { counts[value][place] += 1 }
        }
        // Chi-squared with 49 degrees of freedom is above 130 once in 10^9; the seeds are fixed, so it is so once and for all.
        let expected = Double(rounds) / 8
        let statistic = counts.joined().reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        #expect(statistic < 130, "\(statistic)")
    }

    @Test func `tags, digest and stored form do not depend on how the rows come`() throws {
        let (table, pieces, _) = try Self.rows()
        #expect(try pieces.versionDigest() == table.contentDigest)
        let again = try DatasetTable(stored: table.encoded, description: table.description)
        #expect(again.columns == table.columns)
        let spec = try Bench.spec()
        func record(_ rows: any RowSource) throws -> [UInt8] {
            try ReleaseRecord(id: "rel", spec: spec, version: rows, counts: Bench.counts(rows, spec)).encoded()
        }
        #expect(try record(pieces) == record(table))
        let description = try Bench.description(a: 3, b: 3, extra: StreamTests.columns)
        let text = StreamTests.file(ids: false)
        let plain = StreamTests.Pieces(description: description, bytes: Array(text.utf8), size: 400)
        #expect(try record(plain) == record(Bench.table(description, text)))
    }

    @Test func `a release of rows that are read as they are counted is remembered as one of a table`() throws {
        struct Version: RowSource {
            let pieces: StreamTests.Pieces
            var description: DatasetDescription { pieces.description }
            var isVersion: Bool { true }
            func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int {
                try pieces.rows(take)
            }
        }
        let (table, pieces, input) = try Self.rows()
        let spec = try Bench.spec("[\"a\"]", ",\"totals\":true,\"statistic\":\"sum\",\"variable\":\"x\"")
        func record(_ rows: any RowSource) throws -> ReleaseRecord {
            try ReleaseRecord(
                id: "rel",
                spec: spec,
                version: rows,
                counts: Bench.counts(rows, spec, input)
            )
        }
        #expect(try record(Version(pieces: pieces)).encoded() == record(table).encoded())
        func decide(_ rows: any RowSource) throws -> Decision {
            let request = ReleaseGate.Request(
                id: "rel",
                policy: try MeasureTests.policy { $0.replacing("mean_audit: true", with: "mean_audit: false") },
                inputPolicy: input,
                table: rows,
                spec: spec
            )
            let earlier = try Bench.record("rel_old", table, Bench.spec("[\"b\"]"), input)
            return try ReleaseGateTests.decide(request, MeasureTests.claim(table, spec, input), history: [earlier])
        }
        let (streamed, whole) = try (decide(Version(pieces: pieces)), decide(table))
        #expect(streamed.findings == whole.findings && streamed.comparison == whole.comparison)
        #expect(streamed.comparison.releases == 1)
        #expect(try streamed.record?.encoded() == whole.record?.encoded())
    }

    @Test func `a dataset that is too large for memory is refused where it would have to be there`() throws {
        let (table, pieces, _) = try Self.rows()
        #expect(try DatasetTable(collecting: pieces).columns == table.columns)
        let error = #expect(throws: GloveboxError.self) { try DatasetTable(collecting: pieces, mostBytes: 10_000) }
        #expect(error?.code == "dataset.in-memory")
    }

    @Test func `a dataset of the second stored form, whose groups name what is new in them, is read`() throws {
        let description = try Bench.description(unit: "{column: who, kind: id}", id: true)
        var out = ByteWriter()
        out.bytes = Array("gbxd".utf8) + [2]
        out.u32(3)
        for (new, ids) in [(["p1", "p2"], [0, 1]), (["p3"], [2, 0])] as [([String], [UInt32])] {
            out.u32(ids.count)
            out.u8(2)
            out.u32(new.count)
            for name in new { out.text(name) }
            out.integers(ids)
            for _ in 0..<2 {
                out.u8(0)
                out.integers([0, 1] as [UInt16])
            }
        }
        out.u32(0)
        out.u32(4)
        let read = try DatasetTable(stored: out.bytes, description: description)
        #expect((0..<4).map { read.text(column: 0, row: $0) } == ["p1", "p2", "p3", "p1"])
        #expect(try DatasetTable(stored: read.encoded, description: description).columns == read.columns)
        var damaged = out.bytes
        damaged[4] = 3
        #expect(throws: GloveboxError.self) { try DatasetTable(stored: damaged, description: description) }
    }

    @Test func `a dataset of the first stored form is read`() throws {
        let (table, _, _) = try Self.rows()
        var out = ByteWriter()
        out.bytes = DatasetTable.oldHead
        out.u32(table.rowCount)
        out.u32(table.columns.count)
        for column in table.columns {
            switch column {
            case .codes(let values):
                out.u8(0)
                for value in values { out.u16(value) }
            case .numbers(let values):
                out.u8(1)
                for value in values { out.i64(value) }
            case .identifiers(let values, let names):
                out.u8(2)
                out.u32(names.count)
                for name in names { out.text(name) }
                for value in values { out.u32(Int(value)) }
            }
        }
        let read = try DatasetTable(stored: out.bytes, description: table.description)
        #expect(read.columns == table.columns && read.contentDigest == table.contentDigest)
        for count in stride(from: 0, to: out.bytes.count, by: 101) {
            #expect(throws: GloveboxError.self) {
                try DatasetTable(stored: Array(out.bytes[..<count]), description: table.description)
            }
        }
    }
}
