import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxDisclosure
import GloveboxJobs
import GloveboxLinux
import GloveboxPolicy
import GloveboxPrivacy
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A run over two datasets, joined on the people they share.
@Suite(.serialized) struct JoinTests {
    private static let image = TestPrograms.image("python")
    private static let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])

    /// A site with `visits`, two rows for each of 300 people, and `people`, of whom twelve are the same.
    private static func site(visits: String = "{\"on\": unit, with: [people]}", image: String? = nil) throws -> TestSite
    {
        let test = try TestSite(image: image)
        let both = (0..<300).map { "p\($0)" }
        try register("visits", joins: visits, column: "ward", codes: ["a", "b"], ids: both + both, in: test)
        let few = (288..<588).map { "p\($0)" }
        let open = "{\"on\": unit, with: [visits]}"
        try register("people", joins: open, column: "sex", codes: ["f", "m"], ids: few, in: test)
        return test
    }

    private static func register(
        _ name: String,
        joins: String,
        column: String,
        codes: [String],
        ids: [String],
        in test: TestSite
    ) throws {
        let path = try TestPrograms.scratch() + "/\(name).csv"
        let rows = ids.enumerated().map { "\($1),\(codes[$0 % codes.count])\n" }.joined()
        try Descriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600).write(Array("who,\(column)\n\(rows)".utf8))
        let list = codes.map { "\"\($0)\"" }.joined(separator: ", ")
        let head = "apiVersion: glovebox/v1\nkind: "
        let schema = """
            \(head)Dataset
            metadata: {name: \(name), version: 1}
            privacy_unit: {column: who, kind: id}
            columns: [{name: who, type: id}, {name: \(column), type: category, codes: [\(list)]}]

            """
        let input = """
            \(head)InputPolicy
            metadata: {name: \(name)-default, version: 1}
            dataset: \(name)
            columns: [who, \(column)]
            joins: \(joins)

            """
        _ = try test.site.addDataset(
            owner,
            AddDatasetRequest(name: name, schema: schema, inputPolicy: input, privatePath: path)
        )
    }

    private static func spec(join: String? = "people") -> (name: String, text: String) {
        let join = join.map { #""join":"\#($0)","# } ?? ""
        let text =
            #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"visits",\#(join)"output":"table.csv","#
            + #""group_by":[],"statistic":"count"}"#
        return ("table.spec.json", text)
    }

    /// Counts who is in both files, as it sees them.
    private static let program = """
        import csv
        def ids(name):
            return [row["who"] for row in csv.DictReader(open(f"/data/{name}/{name}.csv"))]
        visits, people = ids("visits"), ids("people")
        assert len(visits) == 600 and len(people) == 300
        open("/out/table.csv", "w").write(f"n\\n{len(set(visits) & set(people))}\\n")

        """

    @Test(.enabled(if: image != nil, "needs the image python"))
    func `a table over a join carries both lineages, and is remembered in both`() throws {
        let test = try Self.site(image: Self.image)
        let (visits, people) = (try test.site.dataset(named: "visits"), try test.site.dataset(named: "people"))
        #expect(visits.lineage != people.lineage, "twelve of 300 are less than five in a hundred")
        try test.start()
        let job = try test.submit(Self.program, spec: Self.spec(), dataset: "visits", join: "people", wallSeconds: 2)
        try test.vote(.approve, on: job)
        let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let receipt = try test.shownReceipt(job)
        let table = try #require(receipt["table.csv"])
        #expect(String(decoding: table, as: UTF8.self) == "n\n10\n")
        let record = try JSONReader.read(#require(receipt["disclosure.json"]))
        let dataset = try #require(record["dataset"])
        #expect(dataset["lineage"]?.string == visits.lineage)
        #expect(dataset["joined"]?.array?.first?["lineage"]?.string == people.lineage)
        #expect(dataset["joined"]?.array?.first?["version_digest"]?.string == people.commitment.named)
        for lineage in [visits.lineage, people.lineage] {
            #expect(try ReleaseHistory(site: test.site, lineage: lineage).records().map(\.id) == [job])
        }
        let report = try test.report(job)
        #expect(report.inputs.map(\.name) == ["visits", "people"])
        #expect(report.inputs.allSatisfy { $0.view != nil } && report.inputs[0].view != report.inputs[1].view)
        #expect(refusals(receipt) == [], "anyone can verify the report")
        let records = try SiteLog.records(test.site.log).filter { $0.job == job }
        #expect(records.count { $0.kind == .keyReleased } == 2, "the log knows of both keys")
        #expect(try test.findings().isEmpty)
    }

    /// Why a receipt would not verify; empty when it does.
    private func refusals(_ receipt: NamedFiles) -> [String] {
        let all = receipt.files.filter { $0.path != NamedFiles.padding }
        func files(_ wanted: (String) -> Bool) -> [String: [UInt8]] {
            Dictionary(all.filter { wanted($0.path) }.map { ($0.path, $0.content) }) { first, _ in first }
        }
        var options = VerifyOptions()
        options.acceptEmulated = true
        let verdict = ReportVerifier.verify(
            evidence: files { !TrustFiles.Name.all.contains($0) },
            trust: files { TrustFiles.Name.all.contains($0) },
            options: options
        )
        return verdict.isVerified ? [] : verdict.checks.filter { $0.status == .failed }.map { "\($0.id): \($0.reason)" }
    }

    @Test(.enabled(if: image != nil, "needs the image python"))
    func `a table of one side that differs by few people from what was released of the join is refused`() throws {
        // The twelve people of the join, with three whom only one of the two has: units of two lineages, in three datasets.
        let program = """
            import csv
            ids = {row["who"] for row in csv.DictReader(open("/data/clinic/clinic.csv"))}
            open("/out/table.csv", "w").write(f"n\\n{len(ids)}\\n")

            """
        let spec =
            #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"clinic","output":"table.csv","group_by":[],"#
            + #""statistic":"count"}"#
        for releasesJoin in [true, false] {
            let test = try Self.site(image: Self.image)
            let clinic = (288..<303).map { "p\($0)" }
            try Self.register("clinic", joins: "forbid", column: "day", codes: ["1", "2"], ids: clinic, in: test)
            let lineages = try ["visits", "people"].map { try test.site.dataset(named: $0).lineage }
            #expect(try Set(test.site.dataset(named: "clinic").lineages) == Set(lineages))
            try test.start()
            func run(_ job: String) throws -> JobEntry {
                try test.vote(.approve, on: job)
                return try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
            }
            if releasesJoin {
                let join = try run(
                    test.submit(Self.program, spec: Self.spec(), dataset: "visits", join: "people", wallSeconds: 2)
                )
                #expect(join.job.phase == .released, "\(join.job.phase) \(join.explanation ?? "")")
            }
            let side = try run(
                test.submit(program, spec: ("table.spec.json", spec), dataset: "clinic", wallSeconds: 2)
            )
            #expect(side.job.phase == (releasesJoin ? .withheld : .released), "\(side.explanation ?? "")")
            #expect(side.explanation?.contains("differs by 3 units") == (releasesJoin ? true : nil))
        }
    }

    @Test(.enabled(if: image != nil, "needs the image python"))
    func `an answer over a join is charged to both ledgers`() throws {
        let test = try Self.site(image: Self.image)
        let text = try TestSite.text(TestPrograms.repository + "/Policies/dp-query.yaml")
            .replacing("name: dp-query", with: "name: dp-test").replacing("15m", with: "1s")
        _ = try test.site.addPolicy(Self.owner, AddPolicyRequest(document: text))
        try test.start()
        let query =
            #"{"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"visits","join":"people","#
            + #""query":{"kind":"histogram","group_by":["sex"]},"rho":"0.005"}"#
        let job = try test.submit(
            "print(1)\n",
            policy: "dp-test",
            spec: (DPQuery.fileName, query),
            dataset: "visits",
            join: "people",
            wallSeconds: 2
        )
        try test.vote(.approve, on: job)
        let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        for name in ["visits", "people"] {
            let lineage = try test.site.dataset(named: name).lineage
            #expect(test.site.read { state in state.ledger.spent(lineage: lineage) }.text == "0.005")
        }
        var replayed = SiteState()
        for record in try SiteLog.records(test.site.log) { try replayed.apply(record) }
        let people = try test.site.dataset(named: "people").lineage
        #expect(replayed.ledger.spent(lineage: people).text == "0.005" && replayed.ledger.count == 1)
    }

    @Test func `a plan for a join that is not allowed is refused before anyone is asked`() throws {
        func code(_ test: TestSite, _ spec: (name: String, text: String), join: String?, policy: String = "demo-table")
            -> String?
        {
            do {
                _ = try test.plan(Self.program, policy: policy, spec: spec, dataset: "visits", join: join)
                return nil
            } catch { return (error as? GloveboxError)?.code ?? "\(error)" }
        }
        let test = try Self.site()
        #expect(code(test, Self.spec(), join: "people") == nil)
        #expect(code(test, Self.spec(join: nil), join: "people") == "spec.join", "a join must be asked for by name")
        #expect(code(test, Self.spec(), join: nil) == "spec.join")
        #expect(code(test, Self.spec(join: "fair"), join: "fair") == "join.forbidden")
        #expect(code(test, Self.spec(join: "nobody"), join: "nobody") == "dataset.unknown")
        let model = try TestSite.text(TestPrograms.repository + "/Policies/ml-model.yaml")
        _ = try test.site.addPolicy(Self.owner, AddPolicyRequest(document: model))
        #expect(code(test, ("model.spec.json", "{}"), join: "people", policy: "ml-model") == "join.tier")
        let closed = try Self.site(visits: "forbid")
        #expect(code(closed, Self.spec(), join: "people") == "join.forbidden", "one owner's word is not enough")
    }

    @Test func `of what two datasets tighten in an output policy, the tighter counts`() throws {
        let test = try Self.site()
        for (dataset, units, bits) in [("visits", 20, 4096), ("people", 15, 2048)] {
            let text = """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: own-\(dataset), version: 1}
                checks: {threshold: {min_units: \(units)}}
                capacity: {max_bits_per_release: \(bits)}

                """
            let place = AddPolicyRequest.Place(below: "demo-table", level: .dataset, subject: dataset)
            _ = try test.site.addPolicy(Self.owner, AddPolicyRequest(document: text, place: place))
        }
        let made = try test.plan(Self.program, spec: Self.spec(), dataset: "visits", join: "people")
        let rules = try test.site.draft(made.planDigest).rules.output
        #expect(rules.checks.threshold?.minUnits == 20)
        #expect(rules.capacity.maxBitsPerRelease == 2048)
        _ = try test.submit(made)
    }

    @Test(.enabled(if: image != nil, "needs the image python"))
    func `a task joins two datasets by naming both`() throws {
        let test = try Self.site(image: Self.image)
        func task(_ datasets: [String], more: JSONValue? = nil) throws -> TaskDocument {
            var inputs: [JSONValue] = datasets.map {
                ["path": .string("/data/\($0)"), "url": .string("glovebox://dataset/\($0)"), "type": "DIRECTORY"]
            }
            inputs += [
                ["path": "/job/code/main.py", "content": .string(Self.program)],
                ["path": "/job/code/table.spec.json", "content": .string(Self.spec().text)],
            ]
            return try TaskDocument(json: [
                "name": "joined", "inputs": .array(inputs + (more.map { [$0] } ?? [])),
                "executors": [["image": "python", "command": ["python3", "main.py"], "workdir": "/job/code"]],
                "resources": ["backend_parameters": ["glovebox_policy": "demo-table", "glovebox_timeout_s": "2"]],
            ])
        }
        let caller = test.researcher.caller
        #expect(throws: GloveboxError("spec.dataset", ""), "the first is the one that the spec names") {
            try test.site.createTask(caller, task(["people", "visits"]), idempotency: nil)
        }
        #expect(throws: GloveboxError("request.invalid", ""), "a plan joins two") {
            try test.site.createTask(caller, task(["visits", "people", "fair"]), idempotency: nil)
        }
        #expect(throws: GloveboxError("path.invalid", "")) {
            let elsewhere: JSONValue = ["path": "/data/x", "url": "glovebox://dataset/people", "type": "DIRECTORY"]
            _ = try test.site.createTask(caller, task(["visits"], more: elsewhere), idempotency: nil)
        }
        let job = try test.site.createTask(caller, task(["visits", "people"]), idempotency: nil)
        #expect(try test.entry(job).manifest.inputs.map(\.name) == ["visits", "people"])
        _ = try test.wait(for: job) { $0.needsApproval && $0.job.phase == .awaitingApproval }
        try test.vote(.approve, on: job)
        try test.start()
        var entry = try test.entry(job)
        for _ in 0..<6 where !entry.job.phase.isTerminal || entry.job.cleanup != .done {
            entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        }
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let table = try #require(try test.shownReceipt(job)["table.csv"])
        #expect(String(decoding: table, as: UTF8.self) == "n\n10\n")
    }
}
