import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
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
        func run(_ dataset: String) throws -> JobEntry {
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
        let first = try run("fair")
        #expect(first.job.phase == .released, "\(first.job.phase) \(first.explanation ?? "")")
        let second = try run("twin")
        #expect(second.job.phase == .withheld, "three people are the difference")
        #expect(second.explanation?.contains("differencing") == true, "\(second.explanation ?? "")")
    }
}
