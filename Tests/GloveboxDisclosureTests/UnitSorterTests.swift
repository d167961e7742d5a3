import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// Units that are put in order in portions, beside the same units all at once.
@Suite struct UnitSorterTests {
    private static func table(ids: Bool) throws -> (table: DatasetTable, input: InputPolicy) {
        let unit = ids ? "{column: who, kind: id}" : "{column: row, kind: row-number}"
        let description = try Bench.description(a: 3, b: 3, unit: unit, id: ids, extra: StreamTests.columns)
        let input = try Bench.input("a, b, x, sick", filter: "{column: a, op: ne, value: \"3\"}")
        return (try Bench.table(description, StreamTests.file(ids: ids)), input)
    }

    @Test(arguments: [true, false], ["count", "sum", "mean", "proportion"])
    func `a table is the same, and is remembered as the same, however few units are in memory at once`(
        ids: Bool,
        statistic: String
    ) throws {
        let (table, input) = try Self.table(ids: ids)
        let variable = ["sum": "x", "mean": "x", "proportion": "sick"][statistic].map { ",\"variable\":\"\($0)\"" }
        let spec = try Bench.spec("[\"a\",\"b\"]", ",\"statistic\":\"\(statistic)\"" + (variable ?? ""))
        let whole = try Bench.counts(table, spec, input)
        for parts in [1, 7, 100] {
            let counts = try Bench.counts(table, spec, input, scratch: MemoryScratch(parts: parts))
            #expect(counts.units == whole.units && counts.unitCount == whole.unitCount)
            #expect(whole.unitCount == table.unitCount)
            let (mine, theirs) = (CellMeasures(counts), CellMeasures(whole))
            for place in whole.units.indices { #expect(mine?.exact(place) == theirs?.exact(place)) }
            func record(_ counts: CellCounts) throws -> [UInt8] {
                try ReleaseRecord(id: "rel", spec: spec, version: table, counts: counts).encoded()
            }
            #expect(try record(counts) == record(whole))
        }
    }

    @Test func `units come in order, each once, and equal rows are counted`() throws {
        let (table, _) = try Self.table(ids: true)
        let key = try Bench.key()
        for parts in [1, 10, 1000] {
            var tagger = UnitTagger(table.description, key: key)
            var sorter = UnitSorter(MemoryScratch(parts: parts))
            let rows = try table.rows { (block) throws(GloveboxError) in
                for tag in tagger.tags(block) { try sorter.add(tag) }
            }
            var reader = try sorter.finish().reader()
            var (tags, seen): ([UnitTag], UInt32) = ([], 0)
            while let part = try reader.next() {
                tags.append(part.tag)
                seen += part.rows
            }
            #expect(tags == table.unitTags(key).sorted() && Int(seen) == rows)
        }
    }

    @Test func `no room for units refuses the table`() throws {
        struct FullDisk: Scratch {
            let parts = 10
            func keep(
                _: (@escaping ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) -> Void
            ) throws(GloveboxError) -> any KeptBytes { throw GloveboxError("storage.write", "the disk is full") }
        }
        let (table, input) = try Self.table(ids: true)
        #expect(throws: GloveboxError("storage.write", "")) {
            try Bench.counts(table, Bench.spec(), input, scratch: FullDisk())
        }
    }

    @Test func `runs that were cut are refused`() throws {
        struct Cut: Scratch {
            struct Short: KeptBytes {
                let all: any KeptBytes
                func pieces() throws(GloveboxError) -> () throws(GloveboxError) -> [UInt8] {
                    let next = try all.pieces()
                    return { () throws(GloveboxError) in Array(try next().dropLast(8)) }
                }
            }
            let parts = 10
            func keep(
                _ write: (@escaping ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) -> Void
            ) throws(GloveboxError) -> any KeptBytes { Short(all: try MemoryScratch().keep(write)) }
        }
        let (table, input) = try Self.table(ids: true)
        #expect(throws: ByteReader.invalid) { try Bench.counts(table, Bench.spec(), input, scratch: Cut()) }
    }

    /// A record as the version before wrote it: each unit one entry.
    private static func old(_ table: DatasetTable) throws -> ReleaseRecord {
        var out = ByteWriter()
        out.bytes = Array("gbxr".utf8) + [2]
        out.text("rel_old")
        out.text("test")
        out.bytes += [UInt8](repeating: 1, count: 64)
        out.text("")
        out.u8(0)
        out.u32(0)
        let tags = try table.unitTags(Bench.key()).sorted()
        out.u32(tags.count)
        for tag in tags {
            out.bytes += tag.bytes
            out.u32(1)
            out.u32(0)
        }
        return try ReleaseRecord(stored: out.bytes)
    }

    @Test func `what an earlier version remembered is compared by id, and refused where rows are units`() throws {
        let people = (0..<40).map { "p\($0),\($0 % 2 + 1),1\n" }
        let description = try Bench.description(unit: "{column: who, kind: id}", id: true)
        let before = try Bench.table(description, "who,a,b\n" + people.joined())
        let after = try Bench.table(description, "who,a,b\n" + people.dropLast(3).joined())
        func request(_ table: DatasetTable) throws -> ReleaseGate.Request {
            let spec = try Bench.spec("[]")
            return ReleaseGate.Request(
                id: "rel_new",
                policy: try MeasureTests.policy(),
                inputPolicy: try Bench.input(),
                table: table,
                spec: spec
            )
        }
        let same = try ReleaseGateTests.decide(request(before), "n\n40\n", history: [Self.old(before)])
        #expect(same.outcome == .release, "\(same.findings)")
        let fewer = try ReleaseGateTests.decide(request(after), "n\n37\n", history: [Self.old(before)])
        #expect(fewer.outcome == .refuse && MeasureTests.failed(fewer) == ["differencing"])
        let rows = try Bench.table(counts: [[20, 0], [0, 20]])
        #expect(throws: GloveboxError("lineage.units", "")) {
            try ReleaseGateTests.decide(request(rows), "n\n40\n", history: [Self.old(rows)])
        }
    }
}
