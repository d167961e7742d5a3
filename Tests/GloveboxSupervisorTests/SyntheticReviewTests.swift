import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Made-up rows of the survey, from the job through checks and two reviewers to the receipt, or not.
@Suite(.serialized) struct SyntheticReviewTests {
    private static let image = TestPrograms.image("python")
    private static let data = TestPrograms.variable("GLOVEBOX_FAIR_CSV")
    private static let isReady = image != nil && (data.map { unsafe access($0, R_OK) } ?? -1) == 0
    private static let output = "synthetic.csv"

    /// A site that lets jobs see five columns of the survey, with the shipped policy at a tick of one second.
    private func site() throws -> OpaqueSite {
        let demo = TestPrograms.repository + "/Deploy/demo/"
        func named(_ text: String) -> String {
            text.replacing("name: fair", with: "name: women").replacing("dataset: fair", with: "dataset: women")
        }
        return try OpaqueSite(
            image: Self.image,
            dataset: AddDatasetRequest(
                name: "women",
                schema: named(TestSite.text(demo + "fair.dataset.yaml")),
                inputPolicy: named(TestSite.text(demo + "fair.input.yaml"))
                    .replacing(/columns: \[.*\]/, with: "columns: [rate_marriage, age, children, religious, educ]"),
                privatePath: Self.data ?? ""
            ),
            policy: TestSite.text(TestPrograms.repository + "/Policies/synthetic-data.yaml")
        )
    }

    /// The program, which changes the rows it made before it writes them.
    private static func program(with trick: String) throws -> String {
        let place = "pandas.DataFrame(made"
        let honest = try TestSite.text(
            TestPrograms.repository + "/Tests/EndToEnd/Fixtures/synthetic-women/main.py"
        )
        return honest.replacing(place, with: trick + "\n" + place)
    }

    @Test(.enabled(if: isReady, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `made-up rows that are nobody's leave sorted, after two people looked at them`() throws {
        let opaque = try site()
        let test = opaque.test
        // Nobody's, too, although one person alone has all of it but one value.
        let entry = try opaque.run(Self.program(with: "made[0] = ('5', '17.5', '1', '2', '14')"))
        let job = entry.job.id
        try #require(entry.job.phase == .awaitingReview, "\(entry.job.phase) \(entry.explanation ?? "")")
        let shown = try test.release(job, as: .first)
        #expect(shown.files.map(\.path) == [Self.output, EvidenceFiles.disclosure] && shown.quorum.need == 2)
        let record = try JSONReader.read(#require(shown.files.last?.content))
        let checks = Set(try #require(record["checks"]?.array).compactMap { $0["id"]?.string })
        #expect(checks.isSuperset(of: ["row_leak", "distance", "rare_values", "capacity"]), "\(checks)")
        try test.verdict(.approve, on: job, by: .first)
        try test.verdict(.approve, on: job, by: .second)
        let done = try opaque.end(job)
        #expect(done.job.phase == .released, "\(done.job.phase) \(done.explanation ?? "")")
        let csv = try #require(try opaque.receipt(job)[Self.output])
        #expect(csv == shown.files.first?.content, "what they saw is what left")
        let lines = String(decoding: csv, as: UTF8.self).split(whereSeparator: \.isNewline)
        #expect(lines.first == "rate_marriage,age,children,religious,educ" && lines.count == 301)
        let codes = lines.dropFirst().compactMap { $0.split(separator: ",").first }
        #expect(codes == codes.sorted(), "the job's order is gone")
        #expect(try test.findings().isEmpty)
    }

    @Test(
        .enabled(if: isReady, "needs GLOVEBOX_FAIR_CSV and the image python"),
        arguments: [
            // Rows of the people shown, and one value that few of them have.
            ("row_leak", "made = [tuple(row) for row in rows.drop_duplicates().to_numpy()[:300]]"),
            (
                // Three women under 25 have four children or more.
                "rare_values", "made[0] = (made[0][0], '22', '5.5') + made[0][3:]"
            ), ("mismatch", "made[0] = ('7',) + made[0][1:]"),
        ]
    )
    func `made-up rows that are somebody's never reach a reviewer`(check: String, trick: String) throws {
        let opaque = try site()
        let entry = try opaque.run(Self.program(with: trick))
        #expect(
            entry.job.phase == .withheld && entry.explanation?.contains(check) == true,
            "\(entry.job.phase) \(entry.explanation ?? "")"
        )
        #expect(entry.sealed == nil && !opaque.test.hasSealed(entry.job.id))
    }
}
