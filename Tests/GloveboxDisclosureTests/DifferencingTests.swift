import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import Testing

@Suite struct DifferencingTests {
    /// Every row as `a,b`, so that tests can drop and add single people.
    static func csv(_ rows: [(Int, Int)]) -> String { "a,b\n" + rows.map { "\($0.0),\($0.1)\n" }.joined() }

    static let people = (0..<60).map { ($0 % 2 + 1, $0 / 30 + 1) }

    static func hits(
        _ new: (DatasetTable, TableSpec),
        _ old: (DatasetTable, TableSpec),
        minimum: Int = 10
    ) throws -> [Differencing.Hit] {
        try Differencing.hits(
            Bench.record("new", new.0, new.1),
            Bench.record("old", old.0, old.1),
            minimum: minimum
        )
    }

    @Test func `a unit's tag is the first half of HMAC-SHA-256 under the key`() throws {
        let key = try LineageKey([UInt8](repeating: 7, count: 32))
        let tag = key.tag(Array("id\0p1".utf8)).bytes
        // From another implementation.
        #expect(Hex.encode(tag) == "3b0ec964d284ad60d4a185892b1c1e83")
    }

    @Test func `the same table twice is safe`() throws {
        let table = try Bench.table(Bench.description(), Self.csv(Self.people))
        #expect(try Self.hits((table, Bench.spec()), (table, Bench.spec())).isEmpty)
        #expect(try Self.hits((table, Bench.spec("[\"a\"]")), (table, Bench.spec())).isEmpty)
    }

    @Test func `one person more or less between two versions is found`() throws {
        let description = try Bench.description()
        let before = try Bench.table(description, Self.csv(Self.people))
        for index in [0, 17, 59] {
            var rows = Self.people
            rows.remove(at: index)
            let after = try Bench.table(description, Self.csv(rows))
            let hits = try Self.hits((after, Bench.spec()), (before, Bench.spec()))
            #expect(!hits.isEmpty && hits.allSatisfy { $0.difference == 1 })
        }
        let reordered = try Bench.table(description, Self.csv(Self.people.shuffled()))
        #expect(try Self.hits((reordered, Bench.spec()), (before, Bench.spec())).isEmpty)
    }

    @Test func `a condition that leaves out few people is found`() throws {
        let rows = Self.people + [(3, 1), (3, 2)]
        let table = try Bench.table(Bench.description(a: 3), Self.csv(rows))
        let whole = try Bench.spec("[\"b\"]")
        let part = try Bench.spec("[\"b\"]", ",\"where\":[{\"column\":\"a\",\"op\":\"ne\",\"value\":\"3\"}]")
        let hits = try Self.hits((table, part), (table, whole))
        #expect(hits.map(\.difference).sorted() == [1, 1, 1, 1, 1, 1, 1, 1, 2])
        #expect(try Self.hits((table, whole), (table, part)).count == 9)
        #expect(try Self.hits((table, part), (table, whole), minimum: 1).isEmpty)
    }

    @Test func `a complement that nearly equals another set is found`() throws {
        // Everybody but code 1 of a, against code 2 of b: three people apart.
        let rows = (0..<30).map { _ in (1, 1) } + (0..<30).map { _ in (2, 2) } + (0..<3).map { _ in (2, 1) }
        let table = try Bench.table(Bench.description(), Self.csv(rows))
        let only1 = try Bench.spec("[]", ",\"where\":[{\"column\":\"a\",\"op\":\"eq\",\"value\":\"1\"}]")
        let only2 = try Bench.spec("[]", ",\"where\":[{\"column\":\"b\",\"op\":\"eq\",\"value\":\"2\"}]")
        let hits = try Self.hits((table, only1), (table, only2))
        #expect(hits.contains { $0.difference == 3 && $0.new.isComplement != $0.old.isComplement })
    }

    @Test func `agrees with sets counted one by one`() throws {
        var random = SystemRandomNumberGenerator()
        let specs = try [Bench.spec(), Bench.spec("[\"a\"]"), Bench.spec("[\"b\",\"a\"]"), Bench.spec("[]")]
        for _ in 0..<40 {
            let description = try Bench.description(a: 2, b: 3, unit: "{column: who, kind: id}", id: true)
            func table() throws -> DatasetTable {
                var csv = "who,a,b\n"
                for _ in 0..<30 {
                    csv += "p\(Int.random(in: 0..<18, using: &random)),\(Int.random(in: 1...2, using: &random)),"
                    csv += ["1", "2", "3", "NA"].randomElement(using: &random) ?? "1"
                    csv += "\n"
                }
                return try Bench.table(description, csv)
            }
            let (new, old) = (try table(), try table())
            let (first, second) = (
                specs.randomElement(using: &random) ?? specs[0], specs.randomElement(using: &random) ?? specs[1]
            )
            let minimum = Int.random(in: 1...6, using: &random)
            let found = try Differencing.hits(
                Bench.record("n", new, first),
                Bench.record("o", old, second),
                minimum: minimum,
                limit: Int.max
            )
            var expected: [Int] = []
            for a in try Self.sets(new, first) {
                for b in try Self.sets(old, second) {
                    let difference = a.symmetricDifference(b).count
                    if difference > 0, difference < minimum { expected.append(difference) }
                }
            }
            #expect(found.map(\.difference).sorted() == expected.sorted())
        }
    }

    /// Cells, margins, whole and complements of a table, as sets of ids; empty ones left out.
    static func sets(_ table: DatasetTable, _ spec: TableSpec) throws -> [Set<String>] {
        let columns = spec.groupBy.compactMap { table.index(of: $0.column) }
        var base: Set<String> = []
        var plain: [[String]: Set<String>] = [:]
        for row in 0..<table.rowCount {
            let who = try #require(table.text(column: 0, row: row))
            base.insert(who)
            let values = columns.map { table.text(column: $0, row: row) }
            guard values.allSatisfy({ $0 != nil }) else { continue }
            for mask in 0..<(1 << columns.count) {
                let key = values.enumerated().map { mask >> $0.offset & 1 == 1 ? "*" : $0.element ?? "" }
                plain[key, default: []].insert(who)
            }
        }
        return plain.values.flatMap { [$0, base.subtracting($0)] }.filter { !$0.isEmpty }
    }

    @Test func `a record survives storage, and damage is refused or harmless`() throws {
        let record = try Bench.record("rel_1", Bench.table(Bench.description(), Self.csv(Self.people)), Bench.spec())
        let whole = try record.encoded()
        #expect(try ReleaseRecord(stored: whole).encoded() == whole)
        for count in stride(from: 0, to: whole.count, by: 7) {
            #expect(throws: GloveboxError.self) { try ReleaseRecord(stored: Array(whole[..<count])) }
        }
        for index in 0..<120 {
            var bytes = whole
            bytes[index] ^= 0x81
            if let damaged = try? ReleaseRecord(stored: bytes) {
                _ = try Differencing.hits(record, damaged, minimum: 10)
            }
        }
    }
}
