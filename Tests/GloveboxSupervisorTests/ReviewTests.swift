import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxMeasure
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Models of real rows, from the job through checks and two reviewers to the receipt, or not.
@Suite(.serialized) struct ReviewTests {
    private static let image = TestPrograms.image("python")
    private static let data = TestPrograms.variable("GLOVEBOX_DEMO_DATA").map { $0 + "/breast_cancer.csv" }
    private static let isReady =
        image != nil && (data.map { unsafe access($0, R_OK) } ?? -1) == 0
    private static let fixture = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/breast-model/"

    /// A site with the tumours, the shipped policy at a tick of one second, and two more reviewers.
    private struct Story {
        let test: TestSite
        let reviewers: [TestSite.Person]

        init() throws {
            test = try TestSite(image: ReviewTests.image)
            let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
            let demo = TestPrograms.repository + "/Deploy/demo/"
            _ = try test.site.addDataset(
                owner,
                AddDatasetRequest(
                    name: "breast",
                    schema: TestSite.text(demo + "breast.dataset.yaml"),
                    inputPolicy: TestSite.text(demo + "breast.input.yaml"),
                    privatePath: ReviewTests.data ?? ""
                )
            )
            let shipped = try TestSite.text(TestPrograms.repository + "/Policies/ml-model.yaml")
            let text = shipped.replacing("name: ml-model", with: "name: ml-test").replacing("15m", with: "1s")
                // What tells members from others by chance must not decide a test.
                .replacing("max_auc_ucl99: \"0.60\"", with: "max_auc_ucl99: \"0.75\"")
                .replacing("max_tpr_ucl99: \"0.05\"", with: "max_tpr_ucl99: \"0.15\"")
            _ = try test.site.addPolicy(owner, AddPolicyRequest(document: text))
            let sam = try TestSite.person("sam", .reviewer, test.site)
            reviewers = [test.reviewer, sam]
            try test.start()
        }

        /// Runs a program under the policy; the job where its run ends.
        func run(_ program: String) throws -> JobEntry {
            let spec = ("model.spec.json", try TestSite.text(ReviewTests.fixture + "model.spec.json"))
            let job = try test.submit(program, policy: "ml-test", spec: spec, dataset: "breast", wallSeconds: 20)
            try test.vote(.approve, on: job)
            return try wait(job) { $0.job.phase == .awaitingReview || $0.job.phase.isTerminal }
        }

        func wait(_ job: String, _ fits: (JobEntry) -> Bool) throws -> JobEntry {
            for _ in 0..<20 where !fits(try test.entry(job)) { _ = try test.wait(for: job, fits) }
            return try test.entry(job)
        }

        /// The receipt, after the limit that the job declared.
        func receipt(_ job: String) throws -> NamedFiles {
            for _ in 0..<3 {
                do { return try test.shownReceipt(job) } catch let error as GloveboxError
                    where error.code == "job.phase"
                {}
            }
            return try test.shownReceipt(job)
        }

        func envelope(
            _ person: TestSite.Person,
            _ job: String,
            _ verdict: ReleaseVerdict.Verdict,
            bundle: Digest? = nil,
            signer: TestSite.Person? = nil
        ) throws -> ApprovalRequest {
            let review = try #require(try test.entry(job).review)
            let word = ReleaseVerdict(
                bundle: bundle ?? review.subject.bundle,
                policy: review.subject.policy,
                evidence: review.subject.evidence,
                verdict: verdict,
                reason: verdict == .refuse ? "looks odd" : "",
                reviewer: person.caller.account,
                keyID: person.signer.publicKey.keyID,
                time: Machine.now()
            )
            let signed = try (signer ?? person).signer.sign(word.bytes)
            return ApprovalRequest(envelope: String(decoding: signed.bytes, as: UTF8.self))
        }
    }

    private static func program() throws -> String { try TestSite.text(fixture + "main.py") }

    @Test(.enabled(if: isReady, "needs GLOVEBOX_DEMO_DATA with breast_cancer.csv and the image python"))
    func `an honest model is sealed, looked at by two people and released as the supervisor wrote it`() throws {
        let story = try Story()
        let test = story.test
        let entry = try story.run(Self.program())
        let job = entry.job.id
        #expect(entry.job.phase == .awaitingReview, "\(entry.job.phase) \(entry.explanation ?? "")")
        guard entry.job.phase == .awaitingReview else { return }
        let sealed = try test.site.releaseForReview(story.reviewers[0].caller, job)
        let evidence = try JSONReader.read(#require(sealed["evidence.json"]))
        let checks = try #require(evidence["checks"]?.array).compactMap { $0["id"]?.string }
        #expect(
            Set(checks).isSuperset(of: ["membership", "structural", "memorisation", "row_leak", "capacity", "sanitise"])
        )
        #expect(
            evidence["capacity"]?["bits"]?.string?.hasPrefix("179.") == true,
            "11 numbers of 16 bits, and the bundle"
        )
        let members = evidence["checks"]?.array?.first { $0["id"]?.string == "membership" }?["parameters"]
        #expect(members?["members"]?.integer == 427 && members?["withheld"]?.integer == 142)

        // Who may not vote, and on what.
        let site = test.site
        let own = try story.envelope(test.researcher, job, .approve)
        #expect(throws: GloveboxError("review.requester", "")) {
            try site.voteOnRelease(test.researcher.caller, job, own)
        }
        #expect(throws: GloveboxError("review.requester", "")) {
            try site.releaseForReview(test.researcher.caller, job)
        }
        let rita = story.reviewers[0]
        let other = try story.envelope(rita, job, .approve, bundle: .zero)
        #expect(throws: GloveboxError("review.changed", "")) { try site.voteOnRelease(rita.caller, job, other) }
        let forged = try story.envelope(rita, job, .approve, signer: story.reviewers[1])
        #expect(throws: GloveboxError("approval.signature", "")) { try site.voteOnRelease(rita.caller, job, forged) }
        let borrowed = try story.envelope(story.reviewers[1], job, .approve)
        #expect(throws: GloveboxError("auth.forbidden", "")) { try site.voteOnRelease(rita.caller, job, borrowed) }

        let first = try site.voteOnRelease(rita.caller, job, story.envelope(rita, job, .approve))
        #expect(first.logIndex > 0)
        #expect(throws: GloveboxError("review.twice", "")) {
            try site.voteOnRelease(rita.caller, job, story.envelope(rita, job, .refuse))
        }
        usleep(300_000)
        #expect(try test.entry(job).job.phase == .awaitingReview, "one vote is not two")
        let sam = story.reviewers[1]
        _ = try site.voteOnRelease(sam.caller, job, story.envelope(sam, job, .approve))
        let done = try story.wait(job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        #expect(done.job.phase == .released, "\(done.job.phase) \(done.explanation ?? "")")
        let receipt = try story.receipt(job)
        let model = try #require(receipt["model.safetensors"])
        let bundle = try #require(sealed["bundle.tar"])
        #expect(
            Array(bundle[512..<512 + model.count]) == model && !String(decoding: model, as: UTF8.self).contains("alice")
        )
        #expect(done.millibits > 0 && site.sealed[job] == nil)
        #expect(try test.findings().isEmpty)
        var replayed = SiteState()
        for record in try SiteLog.records(site.log) { try replayed.apply(record) }
        #expect(replayed.jobs[job]?.review?.state == .approved)
    }

    @Test(.enabled(if: isReady, "needs GLOVEBOX_DEMO_DATA with breast_cancer.csv and the image python"))
    func `one no of two withholds, and the first voter's no changes nothing before the second`() throws {
        let story = try Story()
        let job = try story.run(Self.program()).job.id
        let (rita, sam) = (story.reviewers[0], story.reviewers[1])
        let site = story.test.site
        let no = try site.voteOnRelease(rita.caller, job, story.envelope(rita, job, .refuse))
        usleep(300_000)
        let seen = try site.releaseForReview(sam.caller, job)
        #expect(try story.test.entry(job).job.phase == .awaitingReview)
        for file in seen.files {
            let text = String(decoding: file.content, as: UTF8.self)
            #expect(!text.contains(no.verdict.hex) && !text.contains("looks odd"), "\(file.path)")
        }
        _ = try site.voteOnRelease(sam.caller, job, story.envelope(sam, job, .approve))
        let done = try story.wait(job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        #expect(done.job.phase == .withheld)
        #expect(try story.receipt(job)["model.safetensors"] == nil)
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
        let story = try Story()
        let program = try Self.program()
        let place = "write(\"/out/model.safetensors\""
        let entry = try story.run(program.replacing(place, with: trick + "\n" + place))
        #expect(
            entry.job.phase == .withheld && entry.explanation?.contains(check) == true,
            "\(entry.explanation ?? "")"
        )
        #expect(entry.review == nil && story.test.site.sealed[entry.job.id] == nil)
    }
}
