import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// Linear regressions through the whole gate.
@Suite struct RegressionGateTests {
    static let columns = """
          - {name: x, type: decimal, decimals: 1, min: "-1000", max: "1000", missing: "NA"}
          - {name: "y", type: decimal, decimals: 2, min: "-100000", max: "100000"}
        """

    /// Rows `a, x, y`, with y = 2 + 0.5 x + 3 for the second code of a.
    static let exact = (1...60).map {
        (a: $0 % 2 + 1, x: "\($0).0", y: $0.isMultiple(of: 2) ? 200 + 50 * $0 : 500 + 50 * $0)
    }
    static let honest = #"{"type":"ols","n":60,"params":3,"dof":57,"coef":{"intercept":2,"x":0.5,"a=2":3.0}}"#
    static let released = #"{"coef":{"a=2":3,"intercept":2,"x":0.5},"dof":57,"n":60,"params":3,"type":"ols"}"#

    static func table(_ rows: [(a: Int, x: String, y: Int)], id: Bool = false, unit: (Int) -> String = { "p\($0)" })
        throws
        -> DatasetTable
    {
        func decimal(_ hundredths: Int) -> String {
            ExactDecimal(mantissa: Int128(hundredths), exponent: -2).text
        }
        let text = rows.enumerated().map { index, row in
            (id ? "\(unit(index))," : "") + "\(row.a),1,\(row.x),\(decimal(row.y))\n"
        }
        let description = try Bench.description(
            a: 2,
            b: 1,
            unit: id ? "{column: who, kind: id}" : "{column: row, kind: row-number}",
            id: id,
            extra: columns
        )
        return try Bench.table(description, (id ? "who," : "") + "a,b,x,y\n" + text.joined())
    }

    static func spec(_ outcome: String = "y", _ regressors: String = "\"x\",\"a\"", _ more: String = "") throws
        -> TableSpec
    {
        try TableSpec(
            bytes: Array(
                """
                {"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"test","output":"fit.json","group_by":[],\
                "statistic":"ols","outcome":"\(outcome)","regressors":[\(regressors)]\(more)}
                """.utf8
            )
        )
    }

    static func policy() throws -> OutputPolicy {
        try MeasureTests.policy {
            $0.replacing("{name: table.csv, type: csv,", with: "{name: fit.json, type: json,")
                .replacing("measures: [count, sum, mean, proportion]", with: "measures: [ols]")
        }
    }

    static func decide(
        _ table: any RowSource,
        _ claim: String = honest,
        spec: TableSpec? = nil,
        history: [ReleaseRecord] = []
    ) throws -> Decision {
        let request = ReleaseGate.Request(
            id: "rel_new",
            policy: try policy(),
            inputPolicy: try Bench.input(#"a, b, x, "y""#),
            table: table,
            spec: try spec ?? Self.spec()
        )
        return try ReleaseGateTests.decide(request, claim, history: history)
    }

    @Test func `a fit is solved exactly, rounded and written by the gate`() throws {
        let decision = try Self.decide(Self.table(Self.exact))
        #expect(decision.outcome == .release, "\(decision.findings)")
        #expect(MeasureTests.text(decision) == Self.released)
        #expect(decision.findings.map(\.check).contains("dof"))
        // n of 13 values; three coefficients of two signs, 900 mantissas and 61 places, or zero.
        #expect(decision.millibits == Capacity.millibits(domainSizes: [13, 109_801, 109_801, 109_801, 3, 3]))
    }

    @Test func `the number of units that leaves is rounded, and what follows from it`() throws {
        var rows = Self.exact
        rows.removeLast(2)
        let claim = Self.honest.replacing("\"n\":60", with: "\"n\":58").replacing("\"dof\":57", with: "\"dof\":55")
        let decision = try Self.decide(Self.table(rows), claim)
        #expect(MeasureTests.text(decision) == Self.released)
    }

    @Test(arguments: [
        honest.replacing("0.5", with: "0.51"), honest.replacing("\"n\":60", with: "\"n\":66"),
        honest.replacing("\"dof\":57", with: "\"dof\":58"), honest.replacing("\"params\":3", with: "\"params\":4"),
        honest.replacing("\"ols\"", with: "\"glm\""), honest.replacing(",\"x\":0.5", with: ""),
        honest.replacing("\"x\":0.5", with: "\"x\":0.5,\"y\":1"),
        honest.replacing("\"type\"", with: "\"extra\":1,\"type\""),
        honest.replacing("0.5", with: "null"), honest.replacing("0.5", with: "NaN"), honest + " 1",
        honest.replacing("0.5", with: "0.5,\"x\":0.5"), honest.replacing("0.5", with: "[0.5]"),
        honest.replacing("0.5", with: "0.50000000000000000001"), "type,n\nols,60\n", "",
    ])
    func `a claimed fit agrees in every member or is refused`(claim: String) throws {
        let decision = try Self.decide(Self.table(Self.exact), claim)
        #expect(decision.outcome == .refuse && decision.files.isEmpty && decision.record == nil)
        #expect(MeasureTests.failed(decision).isSubset(of: ["mismatch", "parser"]))
    }

    @Test(arguments: ["5e-1", "\"0.5\"", "0.50000000001", "0.4996"])
    func `a claimed coefficient may be spelled and rounded in any way`(text: String) throws {
        let decision = try Self.decide(Self.table(Self.exact), Self.honest.replacing("0.5", with: text))
        #expect(MeasureTests.text(decision) == Self.released)
    }

    @Test func `too few degrees of freedom, too many parameters or dependent columns refuse the fit`() throws {
        let few = try Self.decide(Self.table(Array(Self.exact.prefix(12))))
        #expect(MeasureTests.failed(few).contains("dof"))
        // The indicator of the only code of b is dropped; x and y are the same up to a factor.
        let line = (1...60).map { (a: $0 % 2 + 1, x: "\($0).0", y: 50 * $0) }
        let spec = try Self.spec("x", "\"y\",\"a\"")
        #expect(try Self.decide(Self.table(line), "{}", spec: spec).outcome == .refuse)
        let constant = (1...60).map { (a: 1, x: "\($0).0", y: 50 * $0) }
        #expect(MeasureTests.failed(try Self.decide(Self.table(constant))) == ["threshold", "dof", "mismatch"])
    }

    @Test func `a column that sets few units apart refuses the fit`() throws {
        // One code, or one number, with nine units: the fit would be about them.
        let codes = (1...60).map { (a: $0 <= 9 ? 2 : 1, x: "\($0).0", y: $0 * $0) }
        #expect(MeasureTests.failed(try Self.decide(Self.table(codes))).contains("threshold"))
        let rare = (1...60).map { (a: $0 % 2 + 1, x: $0 <= 9 ? "1" : "0", y: $0 * $0) }
        #expect(MeasureTests.failed(try Self.decide(Self.table(rare))).contains("threshold"))
        let enough = (1...60).map { (a: $0 % 2 + 1, x: $0 <= 10 ? "1" : "0", y: $0 * $0) }
        #expect(!MeasureTests.failed(try Self.decide(Self.table(enough))).contains("threshold"))
        let outcome = (1...60).map { (a: $0 % 2 + 1, x: "\($0).0", y: $0 == 7 ? 100 : 0) }
        #expect(MeasureTests.failed(try Self.decide(Self.table(outcome))).contains("threshold"))
    }

    @Test func `a unit with two rows refuses the fit`() throws {
        let one = try Self.decide(Self.table(Self.exact, id: true))
        #expect(MeasureTests.text(one) == Self.released)
        let two = try Self.decide(Self.table(Self.exact, id: true) { "p\(max(1, $0))" })
        #expect(MeasureTests.failed(two) == ["unit_rows"])
    }

    @Test func `a fit is compared with earlier releases of nearly the same units`() throws {
        let table = try Self.table(Self.exact + [(a: 1, x: "NA", y: 5)])
        let first = try #require(try Self.decide(table).record)
        #expect(try Self.decide(table, history: [ReleaseRecord(stored: first.encoded())]).outcome == .release)
        let count = try Bench.record("rel_old", table, Bench.spec("[]"), Bench.input(#"a, b, x, "y""#))
        let refused = try Self.decide(table, history: [count])
        #expect(MeasureTests.failed(refused) == ["differencing"])
    }

    @Test(arguments: [
        ("a", "\"x\"", "spec.variable"), ("y", "\"y\"", "document.value"), ("y", "\"x\",\"x\"", "document.value"),
        ("y", "\"z\"", "spec.column"), ("y", "", "document.value"), ("y", "\"who\"", "spec.column"),
    ])
    func `a hostile regression is refused before a row is read`(outcome: String, regressors: String, code: String)
        throws
    {
        let error = #expect(throws: GloveboxError.self) {
            try Self.decide(Self.table(Self.exact, id: true), spec: Self.spec(outcome, regressors))
        }
        #expect(error?.code == code)
    }

    @Test func `groups, totals and free form have no place in a regression`() throws {
        for more in [",\"totals\":true", ",\"variable\":\"x\"", ",\"weights\":\"x\"", ",\"group_by\":[\"a\"]"] {
            #expect(throws: GloveboxError.self) { try Self.spec("y", "\"x\"", more) }
        }
        #expect(throws: GloveboxError.self) {
            try Bench.spec("[\"a\"]", ",\"statistic\":\"ols\",\"outcome\":\"y\",\"regressors\":[\"x\"]")
        }
    }

    @Test func `large values are added without loss`() throws {
        let description = try Bench.description(
            a: 2,
            b: 1,
            extra: """
                  - {name: x, type: integer, min: "-999999999999999999", max: "999999999999999999"}
                  - {name: "y", type: integer, min: "-999999999999999999", max: "999999999999999999"}
                """
        )
        let rows = (0..<60).map { row -> String in
            let x = Int64(999_999_999_999_999_000) * (row.isMultiple(of: 2) ? 1 : -1) + Int64(row)
            return "\(row % 2 + 1),1,\(x),\(x - 7)\n"
        }
        let table = try Bench.table(description, "a,b,x,y\n" + rows.joined())
        let claim = #"{"type":"ols","n":60,"params":2,"dof":58,"coef":{"intercept":-7,"x":1}}"#
        let decision = try Self.decide(table, claim, spec: Self.spec("y", "\"x\""))
        #expect(decision.outcome == .release, "\(decision.findings)")
    }
}
