import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import Testing

@testable import GloveboxPrivacy

/// Answers over rows that are read as they are counted, with few units in memory at once.
@Suite struct StreamedQueryTests {
    private struct Pieces: RowSource {
        let description: DatasetDescription
        let lines: [String]
        let size: Int

        func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int {
            var importer = DatasetImporter(description)
            try importer.feed(Array("who,a,x\n".utf8))
            for start in stride(from: 0, to: lines.count, by: size) {
                let part = lines[start..<min(start + size, lines.count)].map { $0 + "\n" }.joined()
                try importer.feed(Array(part.utf8))
                try take(importer.takeRows())
            }
            return try importer.end()
        }
    }

    /// Fifty people with up to nine rows, a person's far apart, some rows equal.
    private static let lines = (0..<300).map { index in
        "p\(index * 7 % 50 * (index % 3 == 0 ? 1 : index % 11) % 50),\(index * 5 % 3 + 1),\(index * 13 % 9).\(index % 4 / 2)"
    }

    private static func answer(
        _ question: String,
        _ rows: any RowSource,
        _ policy: OutputPolicy,
        parts: Int
    ) throws -> JSONValue? {
        let engine = QueryEngine(try Bench.query(question), policy: policy, inputPolicy: try Bench.input())
        let bytes = try engine.answer(
            over: rows,
            key: Bench.key(),
            scratch: MemoryScratch(parts: parts),
            random: SystemRandom(),
            capabilities: Bench.capabilities
        )
        return try JSONReader.read(bytes)["cells"]
    }

    @Test(arguments: [
        #"{"kind":"count"}"#, #"{"kind":"sum","column":"x"}"#, #"{"kind":"mean","column":"x","group_by":["a"]}"#,
        #"{"kind":"histogram","group_by":["a"]}"#, #"{"kind":"quantile","column":"x","banding":"five","q":"0.5"}"#,
    ])
    func `an answer is the same in any order of rows and however few of them are in memory`(question: String) throws {
        for unit in ["", "max_rows_per_unit: 3, max_groups_per_unit: 2"] {
            // So much is spent that there is no noise.
            let policy = try Bench.policy(unit: unit)
            let whole = try Self.answer(question, Bench.table(Self.lines), policy, parts: 1 << 16)
            #expect(whole != nil)
            for (lines, size, parts) in [(Self.lines, 17, 1), (Self.lines.reversed(), 300, 7), (Self.lines, 64, 40)] {
                let pieces = Pieces(description: try Bench.description(), lines: lines, size: size)
                #expect(try Self.answer(question, pieces, policy, parts: parts) == whole)
            }
        }
    }

    @Test func `no unit has more rows or groups in what is counted than its bounds`() throws {
        let bounds = ContributionBounds(rows: 3, groups: 2)
        let own = [(1, 2), (2, 1), (3, 1), (1, 4)].map { CandidateRows.Candidate(place: $0.0, value: 0, rows: $0.1) }
        let kept = bounds.keep(own)
        #expect(kept.map(\.place) == [1, 2] && kept.map(\.rows) == [2, 1])
        let many = ContributionBounds(rows: 9, groups: 1).keep(own)
        #expect(many.map(\.place) == [1, 1] && many.map(\.rows) == [2, 4])
    }
}
