import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxPrivacy
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Noisy answers of a whole site, over real data.
@Suite(.serialized) struct QueryTests {
    private static let image = TestPrograms.image("python")
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    /// The shipped policy with a tick of one second and other limits.
    private static func site(dataset: String = "0.5") throws -> TestSite {
        let test = try TestSite(image: image)
        let path = TestPrograms.repository + "/Policies/dp-query.yaml"
        let shipped = String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 16), as: UTF8.self)
        let text = shipped.replacing("name: dp-query", with: "name: dp-test").replacing("15m", with: "1s")
            .replacing("dataset_rho: \"0.5\"", with: "dataset_rho: \"\(dataset)\"")
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: text))
        try test.start()
        return test
    }

    private static func query(_ question: String, rho: String = "0.005") -> (name: String, text: String) {
        let text =
            #"{"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"fair","query":\#(question),"rho":"\#(rho)"}"#
        return (DPQuery.fileName, text)
    }

    // What the job does plays no part; this one would tell how many rows it sees.
    private static let program =
        "import csv\nrows = len(list(csv.reader(open('/data/fair/fair.csv'))))\nassert rows == 1\n"

    private func run(
        _ test: TestSite,
        _ query: (name: String, text: String),
        project: String? = nil
    ) throws -> (String, NamedFiles?) {
        let job = try test.submit(Self.program, policy: "dp-test", spec: query, wallSeconds: 2, project: project)
        try test.vote(.approve, on: job)
        let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        guard entry.job.phase == .released else { return (job, nil) }
        return (job, try test.shownReceipt(job))
    }

    private func answer(_ receipt: NamedFiles?) throws -> JSONValue {
        try JSONReader.read(#require(receipt?["answer.json"]))
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a query is paid for once, and its answer is the same the second time`() throws {
        let test = try Self.site()
        let query = Self.query(#"{"kind":"histogram","group_by":["religious"]}"#)
        let (first, receipt) = try run(test, query)
        let answer = try answer(receipt)
        let counts = try #require(answer["cells"]?.array).map { Int($0["value"]?.string ?? "") ?? 0 }
        // 1021, 2267, 2422 and 656 women, with noise of scale sqrt(2 / 0.01) = 14.1.
        for (count, truth) in zip(counts, [1021, 2267, 2422, 656]) { #expect(abs(count - truth) < 200, "\(counts)") }
        #expect(answer["rho"]?.string == "0.005" && answer["noise"]?.array?.first?["scale"]?.string == "14.142136")
        func spent() -> String {
            test.site.read { state in state.ledger.spent(lineage: state.datasets["fair"]?.lineage ?? "") }.text
        }
        #expect(spent() == "0.005")
        let record = try JSONReader.read(#require(receipt?["disclosure.json"]))
        #expect(record["privacy"]?["rho"]?.string == "0.005" && record["privacy"]?["cached"]?.bool == false)
        #expect(record["privacy"]?["ledger"]?["charges"]?.integer == 1)

        let charge = try SiteLog.records(test.site.log).first { $0.job == first && $0.json["charge"] != nil }
        let paid = try #require(try test.report(first).privacy)
        #expect(paid.rho == "0.005" && paid.budgetBefore == "0.5" && paid.budgetAfter == "0.495")
        #expect(paid.ledgerIndex == charge?.index && paid.mechanism == "discrete-gaussian", "\(paid)")
        #expect(Double(paid.epsilon).map { $0 > 0 && $0 < 2 } == true && paid.delta == "0.000001", "\(paid)")

        let (second, again) = try run(test, query)
        let free = try #require(try test.report(second).privacy)
        #expect(free.rho == "0" && free.ledgerIndex == nil && free.epsilon == "0", "\(free)")
        #expect(free.budgetBefore == "0.495" && free.budgetAfter == "0.495")
        #expect(try self.answer(again) == answer, "no second draw")
        #expect(spent() == "0.005", "and no second charge")
        let repeated = try JSONReader.read(#require(again?["disclosure.json"]))
        #expect(repeated["privacy"]?["cached"]?.bool == true && repeated["privacy"]?["charged"]?.string == "0")

        let records = try SiteLog.records(test.site.log)
        let kinds = records.filter { $0.job == first }.map { $0.json["charge"] == nil ? $0.kind.rawValue : "charge" }
        let order = ["charge", "output.approved", "release.intent", "output.released"].map { kinds.firstIndex(of: $0) }
        #expect(!order.contains(nil) && order.compactMap { $0 } == order.compactMap { $0 }.sorted(), "\(kinds)")
        #expect(!records.contains { $0.job == second && $0.json["charge"] != nil })
        #expect(try test.findings().isEmpty)
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a charge without an answer stays, and the answer is paid for again`() throws {
        let test = try Self.site(dataset: "0.012")
        let query = Self.query(#"{"kind":"count"}"#)
        let policy = try #require(test.site.read { state in state.outputPolicies["dp-test"] })
        let fair = try test.site.dataset(named: "fair")
        let rules = try test.site.rules("dp-test", dataset: fair, project: "default", run: [])
        let charge = test.site.charge(
            for: try DPQuery(bytes: Array(query.text.utf8)).question(),
            policy,
            try PlanData([fair], rules),
            project: "default"
        )
        let lineage = charge.lineage
        // What the log holds when the supervisor dies between charge and answer.
        try test.site.record(Event(kind: .budgetSpent, fields: [("budget", "privacy")]), ["charge": charge.json])
        _ = try answer(run(test, query).1)
        let ledger = test.site.read { state in state.ledger }
        #expect(ledger.count == 2 && ledger.spent(lineage: lineage).text == "0.01")
        // A third question does not fit, and is refused before anyone is asked; a smaller one does.
        let other = Self.query(#"{"kind":"mean","column":"age"}"#)
        #expect(throws: GloveboxError("budget.exhausted", "")) {
            try test.submit(Self.program, policy: "dp-test", spec: other)
        }
        let small = Self.query(#"{"kind":"mean","column":"age"}"#, rho: "0.002")
        let mean = try answer(run(test, small).1)["cells"]?.array?.first?["value"]?.string
        let age = try #require(mean.flatMap { Double($0) })
        #expect(age > 20 && age < 40)
        #expect(test.site.read { state in state.ledger.spent(lineage: lineage) }.text == "0.012")
        // The ledger is what the log says, after a restart as before it.
        var replayed = SiteState()
        for record in try SiteLog.records(test.site.log) { try replayed.apply(record) }
        #expect(replayed.ledger.spent(lineage: lineage).text == "0.012" && replayed.ledger.count == 3)
        #expect(replayed.ledger.answer(to: charge.key) != nil)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `no noise is drawn before the journal's disk has the charge for it`() throws {
        let test = try Self.site()
        let unpaid = GloveboxError("privacy.unpaid", "")
        func noise(_ index: UInt64, of job: String) throws {
            _ = try PaidNoise(Payment(index: index, before: .zero), of: job, at: test.site)
        }
        #expect(throws: unpaid, "of what is not in the journal yet") { try noise(test.site.log.size, of: "job_a") }
        #expect(throws: unpaid, "of another event") { try noise(0, of: "job_a") }
        let rho = Rho(units: 1)
        let charge = PrivacyLedger.Charge(lineage: "lin_a", project: "p", rho: rho, key: .zero)
        let spent = Event(kind: .budgetSpent, job: "job_a", fields: [("budget", "privacy")])
        let run = try test.site.record(Event(kind: .budgetSpent, job: "job_a", fields: [("budget", "runs")]), .null)
        #expect(throws: unpaid, "of the run's own payment") { try noise(run, of: "job_a") }
        let index = try test.site.record(spent, ["charge": charge.json])
        try noise(index, of: "job_a")
        #expect(throws: unpaid, "of another job's charge") { try noise(index, of: "job_b") }
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `projects that are shown other rows share no answer, and each pays for its own`() throws {
        let test = try Self.site()
        for project in ["flu", "gout"] { try test.register(project) }
        let narrow = """
            apiVersion: glovebox/v1
            kind: InputPolicy
            metadata: {name: fair-flu, version: 1}
            row_filter: [{column: age, op: ge, value: "35"}]

            """
        let place = AddPolicyRequest.Place(below: "fair", level: .project, subject: "flu")
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: narrow, place: place))
        let query = Self.query(#"{"kind":"count"}"#)
        func count(_ project: String?) throws -> Int {
            let cells = try answer(run(test, query, project: project).1)["cells"]?.array
            return try #require(cells?.first?["value"]?.string.flatMap { Int($0) })
        }
        // 6366 women, of whom about a fifth are in the group from 35 on, with noise of scale 10.
        let all = try count(nil)
        #expect(abs(all - 6366) < 200)
        let few = try count("flu")
        #expect(few > 0 && few < 4000, "the answer is about what the project is shown")
        #expect(test.site.read { state in state.ledger.count } == 2, "each is paid for")
        #expect(try count("gout") == all, "a project that is shown the same has the same answer for nothing")
        #expect(test.site.read { state in state.ledger.count } == 2)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a plan that has all rows in memory is refused over a dataset that is too large`() throws {
        let test = try Self.site()
        let program = try TestSite.text(TestPrograms.repository + "/Policies/dp-program.yaml")
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: program))
        let registered = try SiteLog.records(test.site.log).first { $0.kind == .datasetRegistered }
        var json = try #require(registered?.json.object)
        #expect(json["bytes"]?.integer ?? 0 > 100_000)
        func check(_ policy: String, _ bytes: Int64) throws {
            json["bytes"] = .integer(bytes)
            let dataset = try RegisteredDataset(json: .object(json))
            let rules = try test.site.rules(policy, dataset: dataset, project: "default", run: [])
            try PlanData([dataset], rules).requireRoom(under: rules.output)
        }
        try check("demo-table", 1 << 40)
        try check("dp-test", 1 << 40)
        try check("dp-program", 64 << 20)
        #expect(throws: GloveboxError("dataset.in-memory", "")) { try check("dp-program", (64 << 20) + 1) }
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a policy that leaves answers to people is refused with the plan, since nobody would be asked`() throws {
        let test = try Self.site()
        let people =
            "apiVersion: glovebox/v1\nkind: OutputPolicy\nmetadata: {name: by-people, version: 1}\ndecision: {auto: never}\n"
        let query = Self.query(#"{"kind":"count"}"#)
        _ = try test.submit(Self.program, policy: "dp-test", spec: query)
        #expect(throws: GloveboxError("policy.not-enforced", "")) {
            try test.submit(Self.program, policy: "dp-test", spec: query, tighten: [people])
        }
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a plan without a query, or with one the policy does not allow, is refused`() throws {
        let test = try Self.site()
        #expect(throws: GloveboxError("spec.missing", "")) { try test.submit(Self.program, policy: "dp-test") }
        let wide = Self.query(#"{"kind":"count"}"#, rho: "0.006")
        #expect(throws: GloveboxError("budget.per-query", "")) {
            try test.submit(Self.program, policy: "dp-test", spec: wide)
        }
        let hidden = Self.query(#"{"kind":"histogram","group_by":["occupation_husb"]}"#)
        #expect(throws: GloveboxError("query.column", "")) {
            try test.submit(Self.program, policy: "dp-test", spec: hidden)
        }
    }
}
