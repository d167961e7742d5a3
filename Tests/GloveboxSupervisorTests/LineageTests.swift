import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
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
    private static let image = TestPrograms.image("python")
    private static let data = TestPrograms.variable("GLOVEBOX_FAIR_CSV")

    private static func text(_ path: String) throws -> String {
        String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
    }

    /// Registers rows of the demo's file under another name.
    private func register(_ name: String, _ rows: [Substring], in test: TestSite) throws -> RegisteredDataset {
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

    private static func rows() throws -> [Substring] {
        Array(try text(data ?? "").split(separator: "\n").dropFirst())
    }

    @Test(.enabled(if: data != nil, "needs GLOVEBOX_FAIR_CSV"))
    func `datasets that share units share a lineage, whatever their names; others have their own`() throws {
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
        #expect(throws: GloveboxError("lineage.ambiguous", "")) {
            try register("both", Array(rows.prefix(200)) + strangers, in: test)
        }
        var replayed = SiteState()
        for record in try SiteLog.records(test.site.log) { try replayed.apply(record) }
        #expect(replayed.datasets["twin"]?.lineage == fair.lineage)
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

    /// Counts people by religiousness in a dataset.
    private func run(_ dataset: String, in test: TestSite) throws -> JobEntry {
        let spec =
            #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"\#(dataset)","output":"table.csv","#
            + #""group_by":["religious"],"where":[],"statistic":"count","totals":false}"#
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
            account: person.caller.account,
            keyID: person.signer.publicKey.keyID,
            time: Machine.now(),
            reason: reason
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
        // What holds the decisions holds up the payment, for which the job has read everything by then.
        let new = try test.site.decisions.withLock { _ in
            try test.start()
            for _ in 0..<6000 where try !hasKey(job, test) { usleep(10_000) }
            try #require(try hasKey(job, test))
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

    private func hasKey(_ job: String, _ test: TestSite) throws -> Bool {
        try SiteLog.records(test.site.log).contains { $0.job == job && $0.kind == .keyReleased }
    }
}
