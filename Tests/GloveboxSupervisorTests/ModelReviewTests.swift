import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Models of real rows, from the job through checks and two reviewers to the receipt, or not.
@Suite(.serialized) struct ModelReviewTests {
    private static let image = TestPrograms.image("python")
    private static let data = TestPrograms.variable("GLOVEBOX_DEMO_DATA").map { $0 + "/breast_cancer.csv" }
    private static let isReady = image != nil && (data.map { unsafe access($0, R_OK) } ?? -1) == 0
    private static let fixture = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/breast-model/"
    private static let output = "model.safetensors"

    /// A site with the tumours and the shipped policy at a tick of one second.
    private func site() throws -> OpaqueSite {
        let demo = TestPrograms.repository + "/Deploy/demo/"
        return try OpaqueSite(
            image: Self.image,
            dataset: AddDatasetRequest(
                name: "breast",
                schema: TestSite.text(demo + "breast.dataset.yaml"),
                inputPolicy: TestSite.text(demo + "breast.input.yaml"),
                privatePath: Self.data ?? ""
            ),
            policy: TestSite.text(TestPrograms.repository + "/Policies/ml-model.yaml")
                // What tells members from others by chance must not decide a test.
                .replacing("max_auc_ucl99: \"0.60\"", with: "max_auc_ucl99: \"0.75\"")
                .replacing("max_tpr_ucl99: \"0.05\"", with: "max_tpr_ucl99: \"0.15\""),
            spec: (name: "model.spec.json", text: TestSite.text(Self.fixture + "model.spec.json"))
        )
    }

    private static func program() throws -> String { try TestSite.text(fixture + "main.py") }

    @Test(.enabled(if: isReady, "needs GLOVEBOX_DEMO_DATA with breast_cancer.csv and the image python"))
    func `an honest model is sealed, looked at by two people and released as the supervisor wrote it`() throws {
        let opaque = try site()
        let test = opaque.test
        let path = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/private-training/training.claim.json"
        let stated = try TestSite.text(path)
        #expect(throws: GloveboxError("privacy.claim", "")) {
            try opaque.submit(Self.program(), claim: stated.replacing("\"7.33\"", with: "\"7.32\""))
        }
        let entry = try opaque.run(Self.program(), claim: stated)
        let job = entry.job.id
        try #require(entry.job.phase == .awaitingReview, "\(entry.job.phase) \(entry.explanation ?? "")")
        let shown = try test.release(job, as: .first)
        #expect(shown.files.map(\.path) == [Self.output, EvidenceFiles.disclosure] && shown.quorum.need == 2)
        let evidence = try JSONReader.read(#require(shown.files.last?.content))
        let checks = try #require(evidence["checks"]?.array)
        let ids = Set(checks.compactMap { $0["id"]?.string })
        #expect(ids.isSuperset(of: ["membership", "structural", "memorisation", "row_leak", "capacity"]), "\(ids)")
        #expect(
            evidence["capacity"]?["bits"]?.string?.hasPrefix("179.") == true,
            "11 numbers of 16 bits, and the bundle"
        )
        let claim = try #require(checks.first { $0["id"]?.string == "dp_claim" }?["parameters"])
        #expect(claim["status"] == "claim" && claim["epsilon"] == "7.33")
        #expect(claim["epsilon_of_parameters"] == "7.329112")
        let members = checks.first { $0["id"]?.string == "membership" }?["parameters"]
        #expect(members?["members"]?.integer == 427 && members?["withheld"]?.integer == 142)

        // Who may not look or vote, and on what.
        #expect(throws: GloveboxError("approval.separation", "")) { try test.release(job, as: .researcher) }
        #expect(throws: GloveboxError("approval.separation", "")) {
            try test.verdict(.approve, on: job, by: .researcher)
        }
        #expect(throws: GloveboxError("review.changed", "")) {
            try test.verdict(.approve, on: job, by: .first, bundle: .zero)
        }
        #expect(try test.verdict(.approve, on: job, by: .first).quorum.have == 1)
        #expect(throws: GloveboxError("object.conflict", "")) { try test.verdict(.refuse, on: job, by: .first) }
        usleep(300_000)
        #expect(try test.entry(job).job.phase == .awaitingReview, "one vote is not two")
        try test.verdict(.approve, on: job, by: .second)

        let done = try opaque.end(job)
        #expect(done.job.phase == .released, "\(done.job.phase) \(done.explanation ?? "")")
        let receipt = try opaque.receipt(job)
        let model = try #require(receipt[Self.output])
        #expect(model == shown.files.first?.content, "what they saw is what left")
        let text = String(decoding: model, as: UTF8.self)
        #expect(text.contains("weight") && !text.contains("alice"), "the job's own words stay")
        #expect(done.millibits > 0 && !test.hasSealed(job))
        let findings = try test.findings().filter { $0.code != "audit.heartbeat" }
        #expect(findings.isEmpty, "\(findings)")
        var replayed = SiteState()
        for record in try SiteLog.records(test.site.log) { try replayed.apply(record) }
        #expect(replayed.jobs[job]?.sealed?.tally.outcome == .approve)
    }

    @Test(.enabled(if: isReady, "needs GLOVEBOX_DEMO_DATA with breast_cancer.csv and the image python"))
    func `one no of two withholds a model, and changes nothing before the second has spoken`() throws {
        let opaque = try site()
        let test = opaque.test
        let entry = try opaque.run(Self.program())
        try #require(entry.job.phase == .awaitingReview, "\(entry.job.phase) \(entry.explanation ?? "")")
        let job = entry.job.id
        try test.verdict(.refuse, on: job, by: .first)
        usleep(300_000)
        let seen = try test.release(job, as: .second)
        #expect(try test.entry(job).job.phase == .awaitingReview && seen.verdicts.isEmpty)
        try test.verdict(.approve, on: job, by: .second)
        let done = try opaque.end(job)
        #expect(done.job.phase == .withheld && done.job.reasons == ["review.refused"])
        #expect(try opaque.receipt(job)[Self.output] == nil)
    }

    @Test(
        .enabled(if: isReady, "needs GLOVEBOX_DEMO_DATA with breast_cancer.csv and the image python"),
        arguments: [
            // A private row as the weights, standardised so that no number is the row's own.
            ("memorisation", "weight = (x[7] - x[7].mean()) / x[7].std()"),
            ("mismatch", "weight = numpy.append(weight, 1)"), ("parser", "weight[0] = numpy.nan"),
            ("parser", "weight[0] = 1e39"),
        ]
    )
    func `a model that carries rows, or is none, never reaches a reviewer`(check: String, trick: String) throws {
        let opaque = try site()
        let place = "write(\"/out/\(Self.output)\""
        let entry = try opaque.run(Self.program().replacing(place, with: trick + "\n" + place))
        #expect(
            entry.job.phase == .withheld && entry.explanation?.contains(check) == true,
            "\(entry.job.phase) \(entry.explanation ?? "")"
        )
        #expect(entry.sealed == nil && !opaque.test.hasSealed(entry.job.id))
    }
}
