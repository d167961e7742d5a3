import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// Where the demo dataset is on this host.
enum FairFile {
    static let path = ProcessInfo.processInfo.environment["GLOVEBOX_FAIR_CSV"]
}

/// The demo dataset itself, which is not in the repository: `GLOVEBOX_FAIR_CSV` names the file.
@Suite(.enabled(if: FairFile.path != nil, "GLOVEBOX_FAIR_CSV does not name statsmodels' fair.csv"))
struct FairTests {
    static func table() throws -> DatasetTable {
        var importer = DatasetImporter(try DatasetDescription(Bench.shipped("Deploy/demo/fair.dataset.yaml")))
        try importer.feed(Array(Data(contentsOf: URL(filePath: try #require(FairFile.path)))))
        return try importer.finish()
    }

    static func spec() throws -> TableSpec {
        let file = Bench.root.appending(path: "Tests/EndToEnd/Fixtures/fair-affairs/table.spec.json")
        return try TableSpec(bytes: Array(Data(contentsOf: file)))
    }

    @Test func `the file fits its description`() throws {
        let table = try Self.table()
        #expect(table.rowCount == 6366 && table.unitCount == 6366)
        let again = try DatasetTable(stored: table.encoded, description: table.description)
        #expect(again.contentDigest == table.contentDigest)
    }

    @Test func `counts of religious by occupation agree with acro`() throws {
        let vector = try #require(try VectorTests.all("dataset_table").first { $0.id == "v281" })
        let expected = try #require(vector.expected["counts"] as? [[Int]])
        let table = try Self.table()
        let text = """
            {"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"table.csv","group_by":["religious","occupation"]}
            """
        let spec = try TableSpec(bytes: Array(text.utf8))
        let input = try InputPolicy(Bench.shipped("Deploy/demo/fair.input.yaml"))
        let counts = try Bench.counts(table, spec, input)
        #expect(counts.frame.cells.map { counts.units[$0] } == expected.flatMap { $0 })
    }

    // From statsmodels 0.15.0, and to 20 digits from Python's fractions: affairs on age, years of marriage and religion.
    @Test func `a regression of affairs has the coefficients of statsmodels`() throws {
        let spec = try TableSpec(
            bytes: Array(
                """
                {"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"fit.json","group_by":[],
                "statistic":"ols","outcome":"affairs","regressors":["age","yrs_married","religious"]}
                """.utf8
            )
        )
        let request = ReleaseGate.Request(
            id: "rel",
            policy: try OutputPolicy(
                Bench.yaml(
                    """
                    apiVersion: glovebox/v1
                    kind: OutputPolicy
                    metadata: {name: fit, version: 1}
                    tier: recomputed
                    outputs: [{name: fit.json, type: json}, {name: table.spec.json, type: table-spec}]
                    columns: {measures: [ols]}
                    rounding: {measures: {significant_digits: 15}}
                    decision: {auto: when-all-pass, otherwise: reject, reviewers: 1}
                    """
                )
            ),
            inputPolicy: try InputPolicy(Bench.shipped("Deploy/demo/fair.input.yaml")),
            table: try Self.table(),
            spec: spec
        )
        let claim = """
            {"type":"ols","n":6366,"params":6,"dof":6360,"coef":{"intercept":1.74645684944364,"age":-0.0157017117579098,
            "yrs_married":-0.00866479898600848,"religious=2":-0.45486394631686,"religious=3":-0.655872932218842,
            "religious=4":-0.920478621117767}}
            """
        let decision = try ReleaseGateTests.decide(request, claim)
        #expect(decision.outcome == .release, "\(decision.findings)")
        #expect(
            MeasureTests.text(decision) == """
                {"coef":{"age":-0.0157017117579097,"intercept":1.74645684944364,"religious=2":-0.454863946316863,\
                "religious=3":-0.655872932218845,"religious=4":-0.92047862111777,"yrs_married":-0.00866479898600865},\
                "dof":6359,"n":6365,"params":6,"type":"ols"}
                """
        )
    }

    @Test func `sums of affairs by children and occupation have the flags of acro`() throws {
        let vector = try #require(try VectorTests.all("dataset_table").first { $0.id == "v283" })
        let text = """
            {"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"table.csv",
            "group_by":["children","occupation"],"statistic":"sum","variable":"affairs"}
            """
        let input = try InputPolicy(Bench.shipped("Deploy/demo/fair.input.yaml"))
        let counts = try Bench.counts(Self.table(), TableSpec(bytes: Array(text.utf8)), input)
        let cells = counts.frame.cells
        #expect(cells.map { counts.units[$0] } == (vector.expected["counts"] as? [[Int]])?.flatMap { $0 })
        let measures = try #require(CellMeasures(counts))
        let sums = try #require(vector.expected["statistic"] as? [[Double]]).flatMap { $0 }
        for (cell, sum) in zip(cells, sums) {
            let found = try #require(measures.exact(cell)).rounded(significantDigits: 15)
            #expect(DominanceVectorTests.isNear(try #require(Double(found.text)), sum, vector.tolerance))
        }
        let flags = try #require(vector.expected["flags"] as? [String: [[Int]]])
        let small = try Bench.threshold("full_cells: allowed").findings(counts)[0]
        func labels(_ name: String) -> [[String]] {
            (flags[name] ?? []).map { [counts.frame.dimensions[0].labels[$0[0]], "\($0[1] + 1)"] }
        }
        #expect(small.cells == labels("MinimumThresholdCheck"))
        // acro flags an all-zero cell under the p% rule; here it is the finding of a known zero.
        let dominated = try DominanceVectorTests.check().findings(counts, zeros: .disclosive)[0]
        #expect(dominated.cells == labels("PPercentCheck"))
    }

    @Test func `the demo job's table is released`() throws {
        let table = try Self.table()
        let input = try InputPolicy(Bench.shipped("Deploy/demo/fair.input.yaml"))
        let request = ReleaseGate.Request(
            id: "rel_1",
            policy: try OutputPolicy(Bench.shipped("Policies/aggregate-table.yaml")),
            inputPolicy: input,
            table: table,
            spec: try Self.spec()
        )
        let counts = try Bench.counts(table, request.spec, input)
        let exact = ReleasedTable(counts, rounding: try VectorTests.rounding("nearest", 1), withTotals: true)
        let decision = try ReleaseGateTests.decide(request, String(decoding: exact.csv, as: UTF8.self))
        #expect(decision.outcome == .release, "\(decision.findings)")
        let file = try #require(decision.files.first)
        #expect(
            String(decoding: file.bytes, as: UTF8.self).hasPrefix(
                "rate_marriage,affairs,n\n1,0..1,65\n1,1..60,35\n1,total,100\n"
            )
        )
    }
}

@Suite struct FixtureTests {
    @Test(arguments: ["fair-affairs", "leak-rows", "break-out"])
    func `the specs of the demo jobs are admitted`(job: String) throws {
        let file = Bench.root.appending(path: "Tests/EndToEnd/Fixtures/\(job)/table.spec.json")
        let spec = try TableSpec(bytes: Array(Data(contentsOf: file)))
        let description = try DatasetDescription(Bench.shipped("Deploy/demo/fair.dataset.yaml"))
        let input = try InputPolicy(Bench.shipped("Deploy/demo/fair.input.yaml"))
        for name in ["aggregate-table", "demo-table"] {
            try ReleaseGate.check(
                spec,
                policy: try OutputPolicy(Bench.shipped("Policies/\(name).yaml")),
                description: description,
                inputPolicy: input,
                capabilities: ReleaseGateTests.capabilities
            )
        }
        #expect(try TableFrame(spec, description: description).rows(withTotals: spec.hasTotals).count == 18)
    }

    @Test func `the mock twin fits the description`() throws {
        let description = try DatasetDescription(Bench.shipped("Deploy/demo/fair.dataset.yaml"))
        let input = try InputPolicy(Bench.shipped("Deploy/demo/fair.input.yaml"))
        let text = String(decoding: try MockData.csv(description, inputPolicy: input), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(
            lines.count == 501 && lines[0] == "rate_marriage,age,yrs_married,children,religious,educ,occupation,affairs"
        )
    }
}
