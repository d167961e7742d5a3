import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// Claims and specs of a job that wants rows out: each is refused, or released as the very bytes an honest job gets.
@Suite struct AdversarialTests {
    static let head =
        "\"apiVersion\":\"glovebox/v1\",\"kind\":\"TableSpec\",\"dataset\":\"test\",\"output\":\"table.csv\""
    static let honest = "a,n,sum_x\n1,20,420\n2,20,400\n"

    /// Claims for the sum of `x` by `a`, and the check that refuses each; nil where the honest bytes leave.
    static let claims: [(name: String, claim: String, check: String?)] = [
        ("a row in the last digits of a sum", "a,n,sum_x\n1,20,420.00000017\n2,20,400.00000031\n", nil),
        ("a row in the digits of a count", "a,n,sum_x\n1,20.000000017,420\n2,20,400\n", nil),
        ("a row in the order", "a,n,sum_x\n2,20,400\n1,20,420\n", nil),
        ("a row in the way a number is written", "a,n,sum_x\n1,+20,4.20e2\n2,2e1,400.000\n", nil),
        ("a row in the line ends", "a,n,sum_x\r\n1,20,420\n2,20,400\r\n", nil),
        ("a row in quotes", "\"a\",n,sum_x\n\"1\",20,420\n2,\"20\",400\n", nil),
        ("a near-equal claim within the rounding", "a,n,sum_x\n1,21,419.7\n2,19,400.3\n", nil),
        ("a near-equal claim past the rounding", "a,n,sum_x\n1,20,420.6\n2,20,400\n", "mismatch"),
        ("a count past the rounding", "a,n,sum_x\n1,23,420\n2,20,400\n", "mismatch"),
        ("a row as a label", "a,n,sum_x\n1,20,420\n2,20,400\n17.5,1,1\n", "mismatch"),
        ("a row as a column name", "a,n,sum_x_of_17.5\n1,20,420\n2,20,400\n", "mismatch"),
        ("a column more", "a,n,sum_x,row\n1,20,420,3\n2,20,400,4\n", "mismatch"),
        ("a code written as another", "a,n,sum_x\n1.0,20,420\n2,20,400\n", "mismatch"),
        ("a row twice", "a,n,sum_x\n1,20,420\n1,20,420\n2,20,400\n", "mismatch"),
        ("a row left out", "a,n,sum_x\n1,20,420\n", "mismatch"),
        ("a mark for a cell that is safe", "a,n,sum_x\n1,[c],[c]\n2,20,400\n", "mismatch"),
        ("bytes after the table", "a,n,sum_x\n1,20,420\n2,20,400\n\n1,2\n", "parser"),
        ("a zero-width letter", "a,n,sum_x\n1\u{200b},20,420\n2,20,400\n", "parser"),
        ("a letter that looks like another", "\u{430},n,sum_x\n1,20,420\n2,20,400\n", "parser"),
        ("a formula", "a,n,sum_x\n=1+1,20,420\n2,20,400\n", "parser"),
        ("a number too long", "a,n,sum_x\n1,20,420.0000000000000000000017\n2,20,400\n", "mismatch"),
        ("not a number", "a,n,sum_x\n1,20,NaN\n2,20,inf\n", "mismatch"),
        ("no table", "", "parser"),
    ]

    @Test(arguments: claims)
    func `a hostile claim gains nothing`(attempt: (name: String, claim: String, check: String?)) throws {
        let table = try MeasureTests.table(MeasureTests.even)
        let decision = try MeasureTests.decide(table, MeasureTests.spec("sum", "x"), attempt.claim)
        if let check = attempt.check {
            #expect(decision.outcome == .refuse && MeasureTests.failed(decision) == [check], "\(attempt.name)")
            #expect(decision.files.isEmpty && decision.reasons == ["not-released"])
        } else {
            #expect(MeasureTests.text(decision) == Self.honest, "\(attempt.name)")
        }
    }

    @Test(arguments: [
        ("a key of its own", "\"group_by\":[\"a\"],\"note\":\"x\"", "document."),
        ("a weight", "\"group_by\":[\"a\"],\"weight\":\"x\"", "document."),
        ("a cut point of its own", "\"group_by\":[{\"column\":\"x\",\"banding\":\"17.5\"}]", "spec.column"),
        ("a column twice", "\"group_by\":[\"a\",\"a\"]", "document."),
        ("a group_by twice", "\"group_by\":[\"a\"],\"group_by\":[\"b\"]", "json."),
        (
            "a code outside the codebook",
            "\"group_by\":[],\"where\":[{\"column\":\"a\",\"op\":\"eq\",\"value\":\"3\"}]", "spec.predicate"
        ),
        (
            "a number at no cut point",
            "\"group_by\":[],\"where\":[{\"column\":\"x\",\"op\":\"lt\",\"value\":\"17.5\"}]", "spec.predicate"
        ),
        (
            "an equal number", "\"group_by\":[],\"where\":[{\"column\":\"x\",\"op\":\"eq\",\"value\":\"17\"}]",
            "spec.predicate"
        ),
        ("a number as a dimension", "\"group_by\":[\"x\"]", "spec.column"),
        (
            "a statistic that is not offered", "\"group_by\":[\"a\"],\"statistic\":\"max\",\"variable\":\"x\"",
            "document."
        ),
        (
            "a regression", "\"group_by\":[],\"statistic\":\"ols\",\"outcome\":\"x\",\"regressors\":[\"a\"]",
            "spec.statistic"
        ),
    ])
    func `a hostile spec is refused before a row is read`(name: String, body: String, code: String) throws {
        let table = try MeasureTests.table(MeasureTests.even)
        let error = #expect(throws: GloveboxError.self) {
            try MeasureTests.decide(table, TableSpec(bytes: Array("{\(Self.head),\(body)}".utf8)), "n\n40\n")
        }
        #expect(error?.code.hasPrefix(code) == true, "\(name): \(error?.code ?? "")")
    }

    @Test func `asking again and asking around tells no more`() throws {
        let table = try MeasureTests.table(MeasureTests.even + [(a: 2, x: "3.5", sick: true)])
        let input = try Bench.input("a, b, x, sick")
        let all = try Bench.spec("[]")
        let past = [try Bench.record("rel_1", table, all, input)]
        let again = try MeasureTests.decide(table, all, history: past)
        #expect(MeasureTests.text(again) == "n\n40\n")
        // One person fewer, in another version of the data or behind a condition: whoever asked, it is refused.
        let before = try MeasureTests.table(MeasureTests.even)
        for spec in try [all, Bench.spec("[\"a\"]"), MeasureTests.spec("mean", "x"), MeasureTests.spec("sum", "x")] {
            let decision = try MeasureTests.decide(before, spec, history: past)
            #expect(decision.outcome == .refuse && MeasureTests.failed(decision).contains("differencing"))
        }
    }
}
