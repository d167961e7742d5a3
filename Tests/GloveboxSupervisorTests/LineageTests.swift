import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxDisclosure
import GloveboxJobs
import GloveboxLinux
import GloveboxPrivacy
import GloveboxStore
import GloveboxTransparency
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The same people under two names have one ledger and one history.
@Suite(.serialized) struct LineageTests {
    static let image = TestPrograms.image("python")
    static let data = TestPrograms.variable("GLOVEBOX_FAIR_CSV")

    private static func text(_ path: String) throws -> String {
        String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
    }

    /// Registers rows of the demo's file under another name.
    func register(_ name: String, _ rows: [Substring], in test: TestSite) throws -> RegisteredDataset {
        let directory = try TestPrograms.scratch()
        let path = directory + "/\(name).csv"
        let header = try #require(try Self.text(Self.data ?? "").split(separator: "\n").first)
        try Descriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600)
            .write(Array(([header] + rows).joined(separator: "\n").utf8) + [10])
        let documents = TestPrograms.repository + "/Deploy/demo/"
        // Without the line that pins the file's digest.
        let schema = try Self.text(documents + "fair.dataset.yaml").replacing("name: fair", with: "name: \(name)")
            .split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("file:") }
        let input = try Self.text(documents + "fair.input.yaml").replacing("dataset: fair", with: "dataset: \(name)")
        _ = try test.site.addDataset(
            Caller(account: "acc_owner", name: "owner", roles: [.owner]),
            AddDatasetRequest(name: name, schema: schema.joined(separator: "\n"), inputPolicy: input, privatePath: path)
        )
        return try test.site.dataset(named: name)
    }

    static func rows() throws -> [Substring] {
        Array(try text(data ?? "").split(separator: "\n").dropFirst())
    }

    @Test(.enabled(if: data != nil, "needs GLOVEBOX_FAIR_CSV"))
    func `datasets that share units share a lineage, one with units of two has both, and others have their own`() throws
    {
        let test = try TestSite()
        let fair = try test.site.dataset(named: "fair")
        let rows = try Self.rows()
        let twin = try register("twin", rows, in: test)
        #expect(twin.lineage == fair.lineage)
        let part = try register("part", Array(rows[1000..<1200]), in: test)
        #expect(part.lineage == fair.lineage, "a part of the people is the same people")
        // The same columns with values nobody in the file has.
        let strangers = rows.prefix(300).enumerated().map { index, row -> Substring in
            var fields = row.split(separator: ",").map(String.init)
            fields[fields.count - 1] = "50.\(1_000_000 + index)"
            return Substring(fields.joined(separator: ","))
        }
        let others = try register("others", strangers, in: test)
        #expect(others.lineage != fair.lineage)
        let both = try register("both", Array(rows.prefix(200)) + strangers, in: test)
        #expect(Set(both.lineages) == [fair.lineage, others.lineage])
        #expect(try test.site.lineage(of: "both").others == ["fair", "others", "part", "twin"])
        // Its units are known in both from now on: whoever shares some with it shares them with each.
        let third = try register("third", Array(rows.prefix(100)), in: test)
        #expect(Set(third.lineages) == [fair.lineage, others.lineage])
        let olga = try TestSite.person("olga", .owner, test.site)
        #expect(throws: GloveboxError("lineage.several", "")) { try split("both", by: olga, because: "a", in: test) }
        let query =
            #"{"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"both","query":{"kind":"count"},"rho":"0.005"}"#
        let plan = try test.plan("", policy: "dp-query", spec: (DPQuery.fileName, query), dataset: "both")
        let data = try PlanData([both], test.site.draft(plan.planDigest).rules)
        let charge = try test.site.charge(
            for: DPQuery(bytes: Array(query.utf8)).question(),
            test.site.draft(plan.planDigest).rules.output,
            data,
            project: "p"
        )
        #expect(Set([charge.lineage] + charge.joined) == [fair.lineage, others.lineage], "both ledgers pay")
        var replayed = SiteState()
        for record in try SiteLog.records(test.site.log) { try replayed.apply(record) }
        #expect(replayed.datasets["twin"]?.lineage == fair.lineage)
        #expect(replayed.datasets["both"]?.lineages == both.lineages)
    }

    @Test(.enabled(if: data != nil && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a table that differs by few people from one of the same people under another name is refused`() throws {
        let test = try TestSite(image: Self.image)
        _ = try register("twin", Array(try Self.rows().dropLast(3)), in: test)
        try test.start()
        let first = try run("fair", in: test)
        #expect(first.job.phase == .released, "\(first.job.phase) \(first.explanation ?? "")")
        let second = try run("twin", in: test)
        #expect(second.job.phase == .withheld, "three people are the difference")
        #expect(second.explanation?.contains("differencing") == true, "\(second.explanation ?? "")")
    }

    @Test(.enabled(if: data != nil && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a release of a dataset with units of two lineages is kept in the history of each`() throws {
        let test = try TestSite(image: Self.image)
        let rows = try Self.rows()
        // Half of the people are unknown to fair: their last value is one that nobody has.
        let strangers = rows.prefix(3000).enumerated().map { index, row -> Substring in
            var fields = row.split(separator: ",").map(String.init)
            fields[fields.count - 1] = "50.\(1_000_000 + index)"
            return Substring(fields.joined(separator: ","))
        }
        let others = try register("others", strangers, in: test)
        let both = try register("both", strangers.dropLast(3) + rows.suffix(400), in: test)
        #expect(Set(both.lineages) == [try test.site.dataset(named: "fair").lineage, others.lineage])
        try test.start()
        let first = try run("both", in: test)
        #expect(first.job.phase == .released, "\(first.job.phase) \(first.explanation ?? "")")
        for lineage in both.lineages {
            #expect(try ReleaseHistory(site: test.site, lineage: lineage).records().map(\.id) == [first.job.id])
        }
        let record = try JSONReader.read(#require(test.shownReceipt(first.job.id)["disclosure.json"]))
        #expect(record["dataset"]?["further_lineages"]?.array?.compactMap(\.string) == both.furtherLineages)
    }

    /// Counts people by religiousness in a dataset.
    func run(_ dataset: String, totals: Bool = false, in test: TestSite) throws -> JobEntry {
        let spec =
            #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"\#(dataset)","output":"table.csv","#
            + #""group_by":["religious"],"where":[],"statistic":"count","totals":\#(totals)}"#
        let program = """
            import collections, csv
            rows = csv.DictReader(open("/data/\(dataset)/\(dataset).csv"))
            counts = collections.Counter(row["religious"] for row in rows)
            with open("/out/table.csv", "w") as out:
                out.write("religious,n\\n")
                for code in ["1", "2", "3", "4"]:
                    out.write(f"{code},{counts[code]}\\n")

            """
        let job = try test.submit(program, spec: ("table.spec.json", spec), dataset: dataset, wallSeconds: 2)
        try test.vote(.approve, on: job)
        return try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
    }

    /// Hands in an owner's signed word that a dataset shall leave its lineage as it is now.
    private func split(_ name: String, by person: TestSite.Person, because reason: String, in test: TestSite) throws
        -> LineageInfo
    {
        let envelope = String(decoding: try word(name, of: person, because: reason, in: test), as: UTF8.self)
        return try test.site.splitLineage(person.caller, name, LineageSplitRequest(envelope: envelope))
    }

    private func word(_ name: String, of person: TestSite.Person, because reason: String, in test: TestSite) throws
        -> [UInt8]
    {
        let known = try test.site.lineage(of: name)
        let statement = LineageSplit(
            dataset: name,
            commitment: known.commitment,
            lineage: known.lineage,
            OwnerWord(
                account: person.caller.account,
                keyID: person.signer.publicKey.keyID,
                time: Machine.now(),
                reason: reason
            )
        )
        return try person.signer.sign(statement.bytes).bytes
    }

    @Test(.enabled(if: data != nil, "needs GLOVEBOX_FAIR_CSV"))
    func `two owners part a dataset from its lineage, and one does not`() throws {
        let test = try TestSite()
        let fair = try test.site.dataset(named: "fair")
        let olga = try TestSite.person("olga", .owner, test.site)
        let otto = try TestSite.person("otto", .owner, test.site)
        #expect(throws: GloveboxError("lineage.alone", "")) { try split("fair", by: olga, because: "a", in: test) }
        _ = try register("twin", Self.rows(), in: test)
        let charge = PrivacyLedger.Charge(
            lineage: fair.lineage,
            project: "p",
            rho: Rho(units: 250_000_000_000),
            key: .zero
        )
        try test.site.record(Event(kind: .budgetSpent, fields: [("budget", "privacy")]), ["charge": charge.json])

        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try split("twin", by: test.reviewer, because: "two sites", in: test)
        }
        for reason in ["", " \n", String(repeating: "a", count: 4097)] {
            #expect(throws: GloveboxError("schema.value", "")) {
                try split("twin", by: olga, because: reason, in: test)
            }
        }
        let asked = try split("twin", by: olga, because: "two sites", in: test)
        #expect(asked.quorum.have == 1 && asked.others == ["fair"] && asked.lineage == fair.lineage)
        #expect(try test.site.dataset(named: "twin").lineage == fair.lineage, "one owner's word changes nothing")
        #expect(throws: GloveboxError("approval.separation", "")) {
            try split("twin", by: olga, because: "two sites", in: test)
        }
        #expect(throws: GloveboxError("object.conflict", "")) {
            try split("twin", by: otto, because: "other", in: test)
        }
        let done = try split("twin", by: otto, because: "two sites", in: test)
        #expect(done.quorum.have == 2 && done.lineage != fair.lineage && done.others.isEmpty && done.reason == nil)
        #expect(try test.site.dataset(named: "fair").lineage == fair.lineage)

        let events = try SiteLog.records(test.site.log).filter { $0.kind == .lineageSplit }
        #expect(events.count == 1)
        var replayed = SiteState()
        for record in try SiteLog.records(test.site.log) { try replayed.apply(record) }
        #expect(replayed.datasets["twin"]?.lineage == done.lineage && replayed.splits.isEmpty)
        for lineage in [fair.lineage, done.lineage] {
            #expect(replayed.ledger.spent(lineage: lineage).text == "0.25", "a split gives nothing back")
        }
    }

    @Test(.enabled(if: data != nil && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `what was released before a split is compared with after it`() throws {
        let test = try TestSite(image: Self.image)
        _ = try register("twin", Array(try Self.rows().dropLast(3)), in: test)
        try test.start()
        #expect(try run("fair", in: test).job.phase == .released)
        for name in ["olga", "otto"] {
            _ = try split("twin", by: TestSite.person(name, .owner, test.site), because: "two sites", in: test)
        }
        #expect(try test.site.dataset(named: "twin").lineage != test.site.dataset(named: "fair").lineage)
        let second = try run("twin", in: test)
        #expect(second.job.phase == .withheld && second.explanation?.contains("differencing") == true)
        #expect(try test.findings().isEmpty)
    }

    @Test(.enabled(if: data != nil && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a program over blocks is paid for from the lineage that the dataset has by then`() throws {
        let test = try ProgramSite.found(Self.image, ProgramSite.policy())
        _ = try register("twin", Self.rows(), in: test)
        let (olga, otto) = (
            try TestSite.person("olga", .owner, test.site), try TestSite.person("otto", .owner, test.site)
        )
        _ = try split("fair", by: olga, because: "two sites", in: test)
        let job = try test.submit(ProgramSite.plan(test, ProgramSite.honest))
        try test.vote(.approve, on: job)
        let old = try test.site.dataset(named: "fair").lineage
        func granted() -> UInt64 { test.site.read { $0.brokerLedger?.count ?? 0 } }
        let before = granted()
        // Whoever holds the decisions holds up the payment, for which the job knows the lineage by the time it asks for keys.
        let new = try test.site.decisions.withLock { _ in
            try test.start()
            for _ in 0..<6000 where granted() == before { usleep(10_000) }
            try #require(granted() > before)
            let envelope = try word("fair", of: otto, because: "two sites", in: test)
            return try test.site.split(otto.caller, "fair", envelope).lineage
        }
        #expect(new != old)
        for _ in 0..<12 where test.site.read({ $0.ledger.count }) == 0 {
            _ = try test.wait(for: job) { _ in test.site.read { $0.ledger.count } > 0 }
        }
        #expect(test.site.read { $0.ledger.spent(lineage: new) }.text == "15000")
        #expect(test.site.read { $0.ledger.spent(lineage: old) } == .zero)
        try test.cancel(job)
        for _ in 0..<6 where try test.entry(job).job.cleanup != .done {
            _ = try test.wait(for: job) { $0.job.cleanup == .done }
        }
    }
}
