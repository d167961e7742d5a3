import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// Sums, means and proportions through the whole gate.
@Suite struct MeasureTests {
    static let columns = """
          - {name: x, type: decimal, decimals: 1, min: "-1000", max: "1000", missing: "NA"}
          - {name: sick, type: boolean, codes: ["no", "yes"], positive: "yes"}
        """

    /// A dataset of rows `a, x, sick`.
    static func table(_ rows: [(a: Int, x: String, sick: Bool)]) throws -> DatasetTable {
        let text = rows.map { "\($0.a),1,\($0.x),\($0.sick ? "yes" : "no")\n" }.joined()
        return try Bench.table(Bench.description(a: 2, b: 1, extra: columns), "a,b,x,sick\n" + text)
    }

    /// Forty people in two groups, with 1.0 to 40.0.
    static let even = (1...40).map { (a: $0 % 2 + 1, x: "\($0).0", sick: $0 > 20) }

    static func spec(_ statistic: String, _ variable: String, _ more: String = "") throws -> TableSpec {
        try Bench.spec("[\"a\"]", ",\"statistic\":\"\(statistic)\",\"variable\":\"\(variable)\"" + more)
    }

    static func policy(_ change: (String) -> String = { $0 }) throws -> OutputPolicy {
        let file = Bench.root.appending(path: "Policies/aggregate-table.yaml")
        return try OutputPolicy(Bench.yaml(change(String(decoding: Data(contentsOf: file), as: UTF8.self))))
    }

    static func decide(
        _ table: DatasetTable,
        _ spec: TableSpec,
        _ claim: String? = nil,
        policy: OutputPolicy? = nil,
        history: [ReleaseRecord] = []
    ) throws -> Decision {
        let input = try Bench.input("a, b, x, sick")
        let request = ReleaseGate.Request(
            id: "rel_new",
            policy: try policy ?? Self.policy(),
            inputPolicy: input,
            table: table,
            spec: spec
        )
        return try ReleaseGateTests.decide(request, try claim ?? Self.claim(table, spec, input), history: history)
    }

    /// What an honest job writes: exact counts, and measures to 15 digits.
    static func claim(_ table: DatasetTable, _ spec: TableSpec, _ input: InputPolicy) throws -> String {
        let counts = try Bench.counts(table, spec, input)
        let honest = ReleasedTable(
            counts,
            measures: CellMeasures(counts),
            rounding: try VectorTests.rounding("nearest", 1),
            digits: 15,
            withTotals: spec.hasTotals
        )
        return String(decoding: honest.csv, as: UTF8.self)
    }

    static func text(_ decision: Decision) -> String? {
        decision.files.first.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    static func failed(_ decision: Decision) -> Set<String> {
        Set(decision.findings.filter { $0.outcome != .pass }.map(\.check))
    }

    @Test func `sums are rounded and their totals added up from what is shown`() throws {
        let decision = try Self.decide(Self.table(Self.even), Self.spec("sum", "x", ",\"totals\":true"))
        #expect(decision.outcome == .release, "\(decision.findings)")
        #expect(Self.text(decision) == "a,n,sum_x\n1,20,420\n2,20,400\ntotal,40,820\n")
    }

    @Test func `means have the digits that the audit leaves`() throws {
        let decision = try Self.decide(Self.table(Self.even), Self.spec("mean", "x", ",\"totals\":true"))
        #expect(decision.outcome == .release, "\(decision.findings)")
        #expect(Self.text(decision) == "a,n,mean_x\n1,20,21\n2,20,20\ntotal,40,20.5\n")
    }

    @Test func `proportions divide rounded numbers of people`() throws {
        let rows = (1...60).map { (a: $0 % 2 + 1, x: "1", sick: $0 > 33) }
        let decision = try Self.decide(Self.table(rows), Self.spec("proportion", "sick", ",\"totals\":true"))
        #expect(decision.outcome == .release, "\(decision.findings)")
        #expect(Self.text(decision) == "a,n,proportion_sick\n1,30,0.5\n2,30,0.5\ntotal,60,0.5\n")
        let few = (1...60).map { (a: $0 % 2 + 1, x: "1", sick: $0 > 43) }
        let refused = try Self.decide(Self.table(few), Self.spec("proportion", "sick"))
        #expect(refused.outcome == .refuse && Self.failed(refused) == ["threshold"])
    }

    @Test(arguments: ["sum", "mean"])
    func `a value that dominates its cell refuses the table`(statistic: String) throws {
        let rows = Self.even + [(a: 1, x: "900", sick: false), (a: 1, x: "850.5", sick: false)]
        let small = rows.map { (a: $0.a, x: $0.x.count > 4 ? $0.x : "0.1", sick: $0.sick) }
        let decision = try Self.decide(Self.table(small), Self.spec(statistic, "x"))
        #expect(decision.outcome == .refuse && Self.failed(decision).contains("dominance"))
        let zeros = Self.even.map { (a: $0.a, x: $0.a == 1 ? "0" : $0.x, sick: false) }
        let known = try Self.decide(Self.table(zeros), Self.spec(statistic, "x"))
        #expect(Self.failed(known).contains("dominance"))
    }

    @Test func `a contribution below zero is never released without a person`() throws {
        let rows = Self.even + [(a: 1, x: "-1", sick: false)]
        #expect(try Self.decide(Self.table(rows), Self.spec("sum", "x")).outcome == .refuse)
        let patient = try Self.policy { $0.replacing("otherwise: reject", with: "otherwise: review") }
        // The gate needs the supervisor for a review.
        #expect(throws: GloveboxError("policy.not-enforced", "")) {
            try Self.decide(Self.table(rows), Self.spec("sum", "x"), policy: patient)
        }
    }

    @Test func `rows without the variable count nowhere`() throws {
        let rows = Self.even + (0..<30).map { _ in (a: 2, x: "NA", sick: true) }
        let decision = try Self.decide(Self.table(rows), Self.spec("sum", "x"))
        #expect(Self.text(decision) == "a,n,sum_x\n1,20,420\n2,20,400\n")
    }

    @Test(arguments: [
        ("a,n,sum_x\n1,20,420\n2,20,400\n", true), ("a,n,sum_x\n1,20,4.2e2\n2,20,400.0000001\n", true),
        ("a,n,sum_x\n1,20,420.4\n2,20,399.6\n", true), ("a,n,sum_x\n1,20,421\n2,20,400\n", false),
        ("a,n,sum_x\n1,20,420\n2,20,-400\n", false), ("a,n,sum_x\n1,20,420\n2,20,[c]\n", false),
        ("a,n,sum_x\n1,20,420\n2,20,NA\n", false), ("a,n,mean_x\n1,20,420\n2,20,400\n", false),
        ("a,n\n1,20\n2,20\n", false),
    ])
    func `a claimed sum agrees or the table is refused`(claim: String, agrees: Bool) throws {
        let decision = try Self.decide(Self.table(Self.even), Self.spec("sum", "x"), claim)
        #expect(decision.outcome == (agrees ? .release : .refuse))
        #expect(!agrees || Self.text(decision) == "a,n,sum_x\n1,20,420\n2,20,400\n")
    }

    @Test func `a table of one row may be an object`() throws {
        let policy = try Self.policy {
            $0.replacing("{name: table.csv, type: csv,", with: "{name: table.csv, type: json,")
        }
        let table = try Self.table(Self.even)
        let spec = try Bench.spec("[]", ",\"statistic\":\"mean\",\"variable\":\"x\"")
        func decide(_ claim: String) throws -> Decision { try Self.decide(table, spec, claim, policy: policy) }
        let released = "{\"mean_x\":20.5,\"n\":40}"
        for claim in ["{\"n\":40,\"mean_x\":20.5}", " {\"mean_x\": 2.05e1, \"n\": \"40\"}\n"] {
            #expect(Self.text(try decide(claim)) == released)
        }
        for claim in [
            "{\"n\":40}", "{\"n\":40,\"mean_x\":20.6}", "{\"n\":40,\"mean_x\":20.5,\"x\":1}", "n,mean_x\n40,20.5\n",
            "{\"n\":40,\"mean_x\":20.5,\"n\":40}", "[40,20.5]", "{\"n\":{\"n\":40},\"mean_x\":20.5}",
        ] {
            #expect(try decide(claim).outcome == .refuse, "\(claim)")
        }
        // Groups have no object, and a table that is declared as one is none.
        #expect(throws: GloveboxError("spec.output", "")) {
            try Self.decide(table, Self.spec("mean", "x"), "{}", policy: policy)
        }
        #expect(try Self.decide(table, spec, "{\"n\":40,\"mean_x\":20.5}").outcome == .refuse)
    }

    @Test func `the difference of two sums is judged like a cell`() throws {
        let rows = Self.even.map { (a: 1, x: $0.x, sick: $0.sick) }
        var more = rows
        more += (0..<12).map { (a: 2, x: $0 == 0 ? "900" : "0.1", sick: true) }
        let table = try Self.table(more)
        let input = try Bench.input("a, b, x, sick")
        let whole = try Bench.spec("[]", ",\"statistic\":\"sum\",\"variable\":\"x\"")
        let part = try Bench.spec(
            "[]",
            ",\"statistic\":\"sum\",\"variable\":\"x\",\"where\":[{\"column\":\"a\",\"op\":\"eq\",\"value\":\"1\"}]"
        )
        let record = try Bench.record("rel_old", table, part, input)
        #expect(try ReleaseRecord(stored: record.encoded()).encoded() == record.encoded())
        let refused = try Self.decide(table, whole, history: [record])
        #expect(refused.outcome == .refuse && Self.failed(refused) == ["differencing"])
        #expect(try Self.decide(table, whole).outcome == .release)
        let count = try Bench.record("rel_old", table, Bench.spec("[]"), input)
        #expect(try Self.decide(table, whole, history: [count]).outcome == .release)
    }

    @Test(arguments: [
        ("sum", "a"), ("mean", "sick"), ("proportion", "x"), ("sum", "nothing"), ("proportion", "a"),
    ])
    func `refuses a variable of another kind`(statistic: String, variable: String) throws {
        let code = variable == "nothing" ? "spec.column" : "spec.variable"
        #expect(throws: GloveboxError(code, "")) {
            try Self.decide(Self.table(Self.even), Self.spec(statistic, variable), "a,n\n1,1\n")
        }
    }

    @Test func `a column that the input policy hides is no variable`() throws {
        let table = try Self.table(Self.even)
        let request = ReleaseGate.Request(
            id: "rel",
            policy: try Self.policy(),
            inputPolicy: try Bench.input("a, b"),
            table: table,
            spec: try Self.spec("sum", "x")
        )
        #expect(throws: GloveboxError("spec.column", "")) { try ReleaseGateTests.decide(request, "a,n,sum_x\n") }
    }

    @Test func `unsafe cells are marked where totals do not give them away`() throws {
        let mark = try Self.policy { $0.replacing("{mode: forbid}", with: "{mode: mark}") }
        let counts = [[4, 30, 40], [30, 5, 40], [40, 40, 3]]
        let table = try Bench.table(counts: counts)
        func decide(
            _ more: String,
            _ table: DatasetTable,
            groupBy: String = "[\"a\",\"b\"]",
            history: [ReleaseRecord] = []
        ) throws -> Decision {
            let spec = try Bench.spec(groupBy, more)
            let request = ReleaseGate.Request(
                id: "r",
                policy: mark,
                inputPolicy: try Bench.input(),
                table: table,
                spec: spec
            )
            let honest = ReleasedTable(
                try Bench.counts(table, spec),
                rounding: try VectorTests.rounding("nearest", 1),
                withTotals: spec.hasTotals
            )
            return try ReleaseGateTests.decide(request, String(decoding: honest.csv, as: UTF8.self), history: history)
        }
        let open = try decide("", table)
        #expect(open.outcome == .release, "\(open.findings)")
        #expect(Self.text(open)?.contains("1,1,[c]\n1,2,30\n") == true)
        let closed = try decide(",\"totals\":true", table)
        #expect(closed.outcome == .refuse && Self.failed(closed) == ["suppression"])
        // A total asked for later, or earlier, would complete a line with one marked cell.
        let record = try #require(open.record)
        #expect(try ReleaseRecord(stored: record.encoded()).encoded() == record.encoded())
        let linked = try decide("", table, groupBy: "[\"a\"]", history: [record])
        #expect(linked.outcome == .refuse && Self.failed(linked) == ["differencing"])
        let totals = try #require(try decide("", table, groupBy: "[\"a\"]").record)
        #expect(Self.failed(try decide("", table, history: [totals])) == ["differencing"])
        #expect(try decide("", table, history: [record]).outcome == .release)
        let nothing = try decide("", Bench.table(counts: [[1, 2], [3, 4]]))
        #expect(nothing.outcome == .refuse && Self.failed(nothing) == ["suppression"])
    }

    @Test func `the owner's record tells how many cells are marked, and the researcher's does not`() throws {
        let policy = try Self.policy { $0.replacing("{mode: forbid}", with: "{mode: mark}") }
        let (table, spec) = (try Bench.table(counts: [[4, 30], [30, 5], [40, 40]]), try Bench.spec("[\"a\",\"b\"]"))
        let request = ReleaseGate.Request(
            id: "r",
            policy: policy,
            inputPolicy: try Bench.input(),
            table: table,
            spec: spec
        )
        let honest = ReleasedTable(
            try Bench.counts(table, spec),
            rounding: try VectorTests.rounding("nearest", 1),
            withTotals: false
        )
        let decision = try ReleaseGateTests.decide(request, String(decoding: honest.csv, as: UTF8.self))
        try #require(decision.outcome == .release, "\(decision.findings)")
        let record = DisclosureRecord(
            request,
            decision,
            lineage: "lin_x",
            DisclosureRecord.Context(
                dataset: .zero,
                supervisorVersion: "0.1",
                requester: "acc_1",
                project: "prj_1",
                decided: Instant(seconds: 0),
                projectMillibits: decision.millibits
            )
        )
        #expect(record.json(for: .owner)["suppression"] == ["mode": "mark", "cells": 2])
        #expect(record.json(for: .researcher)["suppression"] == ["mode": "mark"])
    }
}
