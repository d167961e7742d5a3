import Glibc
import GloveboxCore
import GloveboxDisclosure
import GloveboxDocuments
import GloveboxJail
import GloveboxLinux
import GloveboxPolicy
import GloveboxPrivacy
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A program that looks for one person and does its worst: in real jails, over real data.
@Suite struct HostileProgramTests {
    private static let image = TestPrograms.image("python")
    private static let data = TestPrograms.variable("GLOVEBOX_FAIR_CSV")
    private static let demo = TestPrograms.repository + "/Deploy/demo/"

    /// What the program does when it has found the person; what then counts of the block.
    private static let attacks: [(what: String, [Int64])] = [
        ("exit 1", middle), ("kill -9 $$", middle), ("sleep 60", middle), ("rm /out/result.json", middle),
        ("echo '[NaN, 1, 1]' > /out/result.json", middle), ("echo '[1, 1]' > /out/result.json", middle),
        ("head -c 5000 /dev/zero | tr '\\0' '1' > /out/result.json", middle),
        ("cp /data/fair/fair.csv /out/rows.csv", middle),
        ("mv /out/result.json /out/r; ln -s r /out/result.json", middle),
        ("echo '[1e308, -1e308, 1e-308]' > /out/result.json", [1_000_000, 0, 0]),
        ("echo '[1.00000000000000000001, 100.0000001, -5]' > /out/result.json", [1_000_000, 100_000_000, 0]),
        ("(sleep 60 &); echo '[1, 1, 1]' > /out/result.json", [1_000_000, 1_000_000, 1_000_000]),
    ]
    private static let middle: [Int64] = [500_000, 50_000_000, 500_000]

    private static func table(_ csv: String) throws -> DatasetTable {
        var document = try #require(StrictYAML.read(Array(TestSite.text(demo + "fair.dataset.yaml").utf8)).object)
        document["file"] = nil
        var importer = DatasetImporter(try DatasetDescription(.object(document)))
        try importer.feed(Array(csv.utf8))
        return try importer.finish()
    }

    @Test(.enabled(if: data != nil && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a program that finds somebody changes the numbers of one block, and those within their bounds`() throws {
        let lines = try TestSite.text(#require(Self.data)).split(separator: "\n").map(String.init)
        // No job sees the husband's occupation; what is left of the row tells who it is.
        let visible = lines.map { $0.split(separator: ",").enumerated().filter { $0.offset != 7 }.map(\.element) }
        let place = try #require(visible.indices.dropFirst().first { row in visible.count { $0 == visible[row] } == 1 })
        let person = lines[place]
        let with = try Self.table(lines.joined(separator: "\n") + "\n")
        let without = try Self.table(lines.filter { $0 != person }.joined(separator: "\n") + "\n")
        let input = try InputPolicy(StrictYAML.read(Array(TestSite.text(Self.demo + "fair.input.yaml").utf8)))
        func policy(wall: String) throws -> OutputPolicy {
            try OutputPolicy(StrictYAML.read(Array(ProgramSite.policy(wall: wall).utf8)))
        }
        // Only who means to be late is given little time.
        let (policy, short) = (try policy(wall: "30s"), try policy(wall: "1s"))
        let aggregate = try BlockAggregate(policy)
        let seed = Machine.sha256([1, 2, 3])
        func views(_ table: DatasetTable) throws -> [Projection] {
            let blocks = try UnitBlocks(of: table, inputPolicy: input, count: aggregate.count, seed: seed)
            return try blocks.rows.enumerated().map { number, rows in
                try Projection(
                    table,
                    inputPolicy: input,
                    permutationSeed: blocks.orderSeed(of: number),
                    only: rows
                )
            }
        }
        let (views, others) = (try views(with), try views(without))
        let changed = zip(views, others).enumerated().filter { $1.0.csv != $1.1.csv }.map(\.offset)
        let block = try #require(changed.first)
        #expect(changed.count == 1, "the others' programs are shown the same bytes, with and without the person")

        let seen = Set(Self.rows(views[block])).subtracting(Self.rows(others[block]))
        let trace = try #require(seen.first)
        let code = try TestPrograms.scratch() + "/code"
        unsafe mkdir(code, 0o755)
        try Descriptor.open(code + "/main.sh", O_WRONLY | O_CREAT, mode: 0o644).write(Array(ProgramSite.honest.utf8))
        let job = Rehearsal.Job(
            code: code,
            image: "python",
            images: try #require(TestPrograms.variable("GLOVEBOX_IMAGES")),
            command: ["sh", "-c", ProgramSite.honest],
            wallSeconds: 60,
            memory: 256 << 20
        )
        let jails = try JailReserve(launcher: TestPrograms.path("glovebox-jail"), count: 0)
        func result(_ view: Projection, _ program: String, _ policy: OutputPolicy) throws -> [Int64] {
            let jail = try MockJail(job, datasets: ["fair"])
            var specification = jail.specification
            specification.arguments = ["sh", "-c", program]
            let run = try BlockRun(policy, jails: jails, pace: .whenDone)
            return aggregate.coordinates(try run.run(specification, hooks: jail.hooks([view]) { _ in })?.left.vector)
        }
        let honest = try others.map { try result($0, ProgramSite.honest, policy) }
        #expect(honest.allSatisfy { $0 != Self.middle && $0[1] > 25_000_000 && $0[1] < 33_000_000 }, "\(honest)")
        for (what, expected) in Self.attacks {
            let program = ProgramSite.honest + "if grep -qxF '\(trace)' /data/fair/fair.csv; then \(what); fi\n"
            let attacked = try result(views[block], program, what == "sleep 60" ? short : policy)
            #expect(attacked == expected, "\(what)")
            // Nothing that a block can say moves a sum by more than the noise on it is made for.
            for coordinate in 0..<aggregate.length {
                let steps = [attacked, honest[block]].map {
                    aggregate.contribution($0[coordinate], coordinate: coordinate)
                }
                #expect((steps[0] - steps[1]).magnitude <= aggregate.step(coordinate: coordinate))
            }
        }
        let unseen = ProgramSite.honest + "if grep -qxF '\(trace)' /data/fair/fair.csv; then exit 1; fi\n"
        #expect(
            try result(others[block], unseen, policy) == honest[block],
            "without the person the program is the honest one"
        )
    }

    private static func rows(_ view: Projection) -> [String] {
        String(decoding: view.csv, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
