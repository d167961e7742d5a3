import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxDocuments
import GloveboxJobs
import GloveboxLinux
import GloveboxPrivacy
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The demo's other datasets: noisy answers about health insurance, and what a trial's file gives away by itself.
@Suite(.serialized) struct StoryTests {
    private static let image = TestPrograms.image("python")
    private static let demo = TestPrograms.repository + "/Deploy/demo/"

    private static func file(_ name: String) -> String? {
        guard let path = TestPrograms.variable("GLOVEBOX_DEMO_DATA").map({ $0 + "/" + name }),
            unsafe access(path, R_OK) == 0
        else { return nil }
        return path
    }

    @Test(.enabled(if: file("randhie.csv") != nil && image != nil, "needs randhie.csv and the image python"))
    func `a mean of visits to physicians leaves with noise, and the next question is too dear`() throws {
        let test = try TestSite(image: Self.image)
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addDataset(
            owner,
            AddDatasetRequest(
                name: "randhie",
                schema: TestSite.text(Self.demo + "randhie.dataset.yaml"),
                inputPolicy: TestSite.text(Self.demo + "randhie.input.yaml"),
                privatePath: Self.file("randhie.csv") ?? ""
            )
        )
        let shipped = try TestSite.text(TestPrograms.repository + "/Policies/dp-query.yaml")
        let text = shipped.replacing("name: dp-query", with: "name: dp-story").replacing("15m", with: "1s")
            .replacing("dataset_rho: \"0.5\"", with: "dataset_rho: \"0.007\"")
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: text))
        try test.start()
        func query(_ question: String) -> (name: String, text: String) {
            let text =
                #"{"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"randhie","query":\#(question),"rho":"0.005"}"#
            return (DPQuery.fileName, text)
        }
        let mean = query(#"{"kind":"mean","column":"mdvis"}"#)
        let job = try test.submit("pass\n", policy: "dp-story", spec: mean, dataset: "randhie", wallSeconds: 5)
        try test.vote(.approve, on: job)
        var entry = try test.entry(job)
        for _ in 0..<6 where !entry.job.phase.isTerminal { entry = try test.wait(for: job) { $0.job.phase.isTerminal } }
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        guard entry.job.phase == .released else { return }
        let answer = try JSONReader.read(#require(test.shownReceipt(job)["answer.json"]))
        let value = try #require(answer["cells"]?.array?.first?["value"]?.string.flatMap { Double($0) })
        // 2.86 visits a year; the noise of a sum of 20190 numbers below 100 moves that by less than a tenth.
        #expect(abs(value - 2.8606) < 1, "\(value)")
        #expect(throws: GloveboxError("budget.exhausted", "")) {
            try test.submit(
                "pass\n",
                policy: "dp-story",
                spec: query(#"{"kind":"histogram","group_by":["hlthp"]}"#),
                dataset: "randhie"
            )
        }
    }

    @Test(.enabled(if: file("ACTG175.csv") != nil, "needs ACTG175.csv"))
    func `a trial without names still tells who is who by age, weight, sex and race`() throws {
        let schema = try StrictYAML.read(Array(TestSite.text(Self.demo + "actg175.dataset.yaml").utf8))
        let path = try #require(Self.file("ACTG175.csv"))
        let linked = try DatasetReview(path: path, schema: schema, quasi: ["age", "wtkg", "gender", "race", "karnof"])
        #expect(linked.isValid)
        let coarse = try DatasetReview(path: path, schema: schema, quasi: ["gender", "race"])
        // The same classes as counted with Python's own csv module.
        for (review, k, classes, unique) in [(linked, 1, 2088, 2039), (coarse, 155, 4, 0)]
            as [(DatasetReview, Int64, Int64, Int64)]
        {
            let report = review.json["anonymity"]
            #expect(review.json["rows"]?.integer == 2139 && review.json["units"]?.integer == 2139)
            #expect(report?["k"]?.integer == k && report?["classes"]?.integer == classes)
            #expect(report?["uniqueRows"]?.integer == unique)
        }
        let drugs = { (review: DatasetReview) in
            review.json["anonymity"]?["sensitive"]?.array?.first { $0["column"]?.string == "drugs" }
        }
        #expect(drugs(linked)?["distinctL"]?.integer == 1, "someone's class all say the same")
        #expect(drugs(coarse)?["distinctL"]?.integer == 2)
    }
}
