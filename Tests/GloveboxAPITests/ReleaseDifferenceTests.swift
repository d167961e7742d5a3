import GloveboxAPI
import GloveboxCore
import Testing

/// What reviewers are told of a release beside the one before.
@Suite struct ReleaseDifferenceTests {
    private func lines(_ before: [String: String]?, _ after: [String: String]) -> [String] {
        func files(_ texts: [String: String]) -> [NamedFile] {
            texts.sorted { $0.key < $1.key }.map { NamedFile(path: $0.key, content: Array($0.value.utf8)) }
        }
        let release = ReleaseReview(
            job: "job_now",
            bundle: .zero,
            policy: .zero,
            evidence: .zero,
            files: files(after) + [NamedFile(path: "disclosure.json", content: Array("{}".utf8))],
            quorum: QuorumInfo(need: 2, have: 0),
            verdicts: [],
            earlier: before.map { ReleaseReview.Earlier(job: "job_before", files: files($0)) }
        )
        return ReleaseDifference(release).lines
    }

    @Test func `a table tells the cells that changed, and the rows that came and went`() {
        let before = "sex,age,n,mean_x\n1,a,20,3.5\n1,b,25,4\n2,a,30,5\n"
        let after = "sex,age,n,mean_x\n1,a,25,3.5\n1,b,25,4\n2,b,40,6\n"
        #expect(
            lines(["table.csv": before], ["table.csv": after]) == [
                "since       job_before", "~ table.csv", "  1,a n: 20 -> 25", "  + 2,b,40,6", "  - 2,a,30,5",
            ]
        )
        #expect(lines(["table.csv": "n\n20\n"], ["table.csv": "n\n25\n"]).last == "  n: 20 -> 25")
    }

    @Test func `another header, a doubled row and other text are compared by lines`() {
        #expect(lines(["t.csv": "a,n\n1,20\n"], ["t.csv": "b,n\n1,20\n"]).dropFirst(2) == ["  - a,n", "  + b,n"])
        let doubled = lines(["t.csv": "a,n\n1,20\n1,25\n"], ["t.csv": "a,n\n1,20\n"])
        #expect(doubled.dropFirst(2) == ["  - 1,25"])
        let object = lines(["s.json": "{\"n\":1}"], ["s.json": "{\"n\":2}"])
        #expect(object.dropFirst(2) == ["  - {\"n\":1}", "  + {\"n\":2}"])
    }

    @Test func `files that came, went, or are the same, and a first release, are told as such`() {
        let moved = lines(["a.csv": "n\n20\n"], ["b.csv": "n\n20\n"])
        #expect(moved.dropFirst() == ["+ b.csv, 5 bytes", "- a.csv, 5 bytes"])
        #expect(lines(["a.csv": "n\n20\n"], ["a.csv": "n\n20\n"]).dropFirst() == ["every file is the same"])
        #expect(lines(nil, ["a.csv": "n\n20\n"]) == ["the project's first release of this data"])
    }
}
