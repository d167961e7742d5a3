import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A table and its chart through a whole site, over real data.
@Suite(.serialized) struct FigureTests {
    private static let image = TestPrograms.image("python")
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `the chart that leaves is drawn by the supervisor from the rounded table`() throws {
        let test = try TestSite(image: Self.image)
        let shipped = try TestSite.text(TestPrograms.repository + "/Policies/demo-table.yaml")
        let text = shipped.replacing("name: demo-table", with: "name: figure-test")
            .replacing(
                "outputs:\n",
                with: "charts: {marks: [bar]}\noutputs:\n  - {name: chart.spec.json, type: chart-spec}\n"
            )
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: text))
        let program = """
            import collections, csv
            counts = collections.Counter(row["rate_marriage"] for row in csv.DictReader(open("/data/fair/fair.csv")))
            with open("/out/table.csv", "w") as out:
                out.write("rate_marriage,n\\n" + "".join(f"{code},{counts[code]}\\n" for code in "12345"))
            """
        let spec = (
            name: "table.spec.json",
            text:
                #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"table.csv","group_by":["rate_marriage"]}"#
        )
        func chart(_ mark: String) -> String {
            #"{"apiVersion":"glovebox/v1","kind":"ChartSpec","data":"table.csv","mark":"\#(mark)","x":"rate_marriage","y":"n"}"#
        }
        #expect(throws: GloveboxError("spec.chart", "")) {
            try test.submit(program, policy: "figure-test", spec: spec, chart: chart("line"))
        }
        #expect(throws: GloveboxError("spec.missing", "")) {
            try test.submit(program, policy: "figure-test", spec: spec)
        }
        let job = try test.submit(program, policy: "figure-test", spec: spec, chart: chart("bar"), wallSeconds: 8)
        try test.vote(.approve, on: job)
        try test.start()
        var entry = try test.entry(job)
        for _ in 0..<6 where !entry.job.phase.isTerminal { entry = try test.wait(for: job) { $0.job.phase.isTerminal } }
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        guard entry.job.phase == .released else { return }
        let receipt = try test.shownReceipt(job)
        let picture = try #require(receipt["chart.png"])
        #expect(Array(picture.prefix(4)) == [0x89, 0x50, 0x4e, 0x47] && picture.count < 20_000)
        let record = try JSONReader.read(#require(receipt["disclosure.json"]))
        #expect(record["files"]?.array?.count == 2)
        #expect(record["tools"]?.array?.contains { $0["kind"]?.string == "renderer" } == true)
        #expect(try test.findings().isEmpty)
    }
}
