import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import Testing

@Suite struct UnitBlocksTests {
    private static let seed = Digest(sha256: [1])

    /// The files of the blocks, as a program is shown them, in their order.
    private static func files(_ rows: [String], _ units: Units, seed: Digest = seed, filter: String = "") throws
        -> [[UInt8]]
    {
        let isID = units == .id
        let unit = isID ? "{column: who, kind: id}" : "{column: row, kind: row-number}"
        var importer = DatasetImporter(try Bench.description(unit: unit, id: isID))
        try importer.feed(Array(((isID ? "who,a,b\n" : "a,b\n") + rows.map { $0 + "\n" }.joined()).utf8))
        let table = try importer.finish()
        let input = try Bench.input(isID ? "who, a, b" : "a, b", filter: filter)
        let blocks = try UnitBlocks(of: table, inputPolicy: input, count: 8, seed: seed)
        #expect(blocks.rows.count == 8)
        return try blocks.rows.enumerated().map { number, rows in
            try Projection(table, inputPolicy: input, permutationSeed: blocks.orderSeed(of: number), only: rows).csv
        }
    }

    enum Units: CaseIterable { case id, rows }

    // Forty people with three rows each, or a hundred and twenty rows, many of them equal.
    private static func rows(_ units: Units) -> [String] {
        (0..<120).map { row in (units == .id ? "p\(row % 40)," : "") + "\(row % 2 + 1),\(row / 60 + 1)" }
    }

    @Test(arguments: Units.allCases)
    func `a unit more or less changes one block, and not even the order of another`(units: Units) throws {
        let rows = Self.rows(units)
        let all = try Self.files(rows, units)
        for left in [0, 7, 39] {
            let others =
                units == .id
                ? rows.filter { !$0.hasPrefix("p\(left),") }
                : rows.enumerated().filter {
                    $0.offset != left
                }.map(\.element)
            let fewer = try Self.files(others, units)
            #expect(zip(all, fewer).count { $0 != $1 } == 1, "without \(left)")
        }
    }

    @Test func `every row stands in one block, a unit's rows in the same, and a filter holds`() throws {
        let files = try Self.files(Self.rows(.id), .id)
        let blocks = files.map {
            String(decoding: $0, as: UTF8.self).split(separator: "\n").dropFirst().map(String.init)
        }
        #expect(blocks.flatMap { $0 }.sorted() == Self.rows(.id).sorted())
        let people = blocks.map { Set($0.map { $0.prefix { $0 != "," } }) }
        #expect(people.map(\.count).reduce(0, +) == 40, "no one is in two blocks")
        #expect(people.count { !$0.isEmpty } > 4)
        let filtered = try Self.files(Self.rows(.id), .id, filter: "{column: a, op: eq, value: \"1\"}")
        #expect(filtered.map { $0.count { $0 == 10 } - 1 }.reduce(0, +) == 60)
    }

    @Test func `another seed gives other blocks, the same seed the same`() throws {
        let rows = Self.rows(.id)
        #expect(try Self.files(rows, .id) == Self.files(rows, .id))
        #expect(try Self.files(rows, .id) != Self.files(rows, .id, seed: Digest(sha256: [2])))
    }
}
