import Foundation
import GloveboxCore
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxDisclosure

/// The gate for made-up rows.
@Suite struct SyntheticGateTests {
    private static let capabilities = OpaqueGate.capabilities.union([
        "channel.exit_code", "channel.logs", "channel.release_tick", "channel.pad", "channel.max_runs_per_day",
    ])
    private static let limits = CheckedTable.Limits(bytes: 1_000_000, rows: 5001, cells: 60_000)

    /// 400 rows of two codes and a number; some code pairs are rare.
    private static func request() throws -> OpaqueGate.Request {
        let description = try Bench.description(
            a: 3,
            b: 2,
            extra: #"  - {name: x, type: integer, min: "0", max: "9999", bandings: {half: ["0", "5000", "9999"]}}"#
        )
        let inputPolicy = try Bench.input("a, b, x")
        var stream = SeededStream(seed: .zero)
        var csv = "a,b,x\n"
        // The pair (3,2) has four rows.
        for row in 0..<400 {
            let a = row < 4 ? 3 : Int(stream.below(2)) + 1
            let b = row < 4 ? 2 : row < 60 ? 1 : Int(stream.below(2)) + 1
            csv += "\(row >= 4 && row < 40 ? 3 : a),\(b),\(stream.below(10_000))\n"
        }
        // Few rows make a rough percentile: chance must not decide a test, and copies are far below this ratio, too.
        let path = Bench.root.appending(path: "Policies/synthetic-data.yaml")
        let shipped = try String(contentsOf: path, encoding: .utf8)
        let policy = try OutputPolicy(
            Bench.yaml(shipped.replacing("min_dcr_ratio: \"0.9\"", with: "min_dcr_ratio: \"0.3\""))
        )
        let table = try Bench.table(description, csv)
        let check = try #require(policy.checks.holdout)
        return OpaqueGate.Request(
            policy: policy,
            inputPolicy: inputPolicy,
            table: table,
            holdout: try Holdout(check, of: table, inputPolicy: inputPolicy, seed: .zero),
            projectMillibits: 0
        )
    }

    private static func decide(_ csv: String, _ request: OpaqueGate.Request) throws -> Decision {
        let claim = Checker.parse(Array(csv.utf8), limits: limits)
        return try SyntheticGate.decide(request, claim: claim, capabilities: capabilities)
    }

    private static func failed(_ decision: Decision) -> [String] {
        decision.findings.filter { $0.outcome == .fail }.map(\.check)
    }

    /// Rows drawn anew, of common codes and numbers that nobody has.
    private static func made(_ request: OpaqueGate.Request, rows: Int = 1000) -> [String] {
        guard case .numbers(let values) = request.table.columns[2] else { return [] }
        let taken = Set(values)
        var stream = SeededStream(seed: Digest(sha256: [7]))
        return (0..<rows).map { _ in
            var number = Int64(stream.below(10_000))
            while taken.contains(number) { number = Int64(stream.below(10_000)) }
            return "\(stream.below(2) + 1),\(stream.below(2) + 1),\(number)"
        }
    }

    private static func file(_ rows: [String]) -> String { "a,b,x\n" + rows.joined(separator: "\n") + "\n" }

    @Test func `rows that are nobody's go to people, sorted and in one spelling`() throws {
        let request = try Self.request()
        let rows = Self.made(request)
        let decision = try Self.decide(Self.file(rows), request)
        #expect(decision.outcome == .review, "\(decision.findings)")
        let other = try Self.decide(Self.file(rows.reversed().map { $0 + ".0" }), request)
        #expect(other.files == decision.files && !decision.files.isEmpty, "order and spelling carry nothing")
        #expect(decision.millibits > 8000 * Int64(decision.files.first?.bytes.count ?? 0))
    }

    @Test func `copied rows, near copies and rare values are refused`() throws {
        let request = try Self.request()
        let made = Self.made(request)
        let real = request.holdout.shown.prefix(100).map { row in
            (0..<3).map { request.table.text(column: $0, row: row) ?? "" }
        }
        let copies = try Self.decide(
            Self.file(made.dropLast(20) + real.prefix(20).map { $0.joined(separator: ",") }),
            request
        )
        #expect(Self.failed(copies).contains("row_leak") && copies.outcome == .refuse && copies.files.isEmpty)
        // Each number moved by one: no exact copy, and far nearer to rows that the job saw.
        let near = try Self.decide(
            Self.file(real.map { "\($0[0]),\($0[1]),\(min(9999, (Int($0[2]) ?? 0) + 1))" }),
            request
        )
        #expect(Self.failed(near).contains("distance"), "\(near.findings)")
        let rare = try Self.decide(Self.file(made.dropLast() + ["3,2,5001"]), request)
        #expect(Self.failed(rare) == ["rare_values"], "\(rare.findings)")
    }

    @Test func `a number without bands is rare with others, too`() throws {
        let description = try Bench.description(
            a: 2,
            b: 2,
            extra: #"  - {name: x, type: integer, min: "0", max: "9"}"#
        )
        let inputPolicy = try Bench.input("a, b, x")
        // Every number and every code have tens of rows; code 2 and number 7 have four together.
        let csv = (0..<400).map { row in
            row % 10 == 7 ? "\(row < 40 ? 2 : 1),1,7" : "\(row / 10 % 2 + 1),\(row / 20 % 2 + 1),\(row % 10)"
        }
        let table = try Bench.table(description, "a,b,x\n" + csv.joined(separator: "\n") + "\n")
        let real = SyntheticRows(table, inputPolicy, rows: Array(0..<400))
        let values = RareValues(real, units: Array(0..<400), minimum: 10)
        func found(_ rows: String) throws -> [[String]] {
            guard case .table(let made) = Checker.parse(Array("a,b,x\n\(rows)\n".utf8), limits: Self.limits) else {
                return []
            }
            return values.found(in: try SyntheticRows(made, description, inputPolicy), maxWay: 2)
        }
        #expect(try found("2,1,7") == [["a", "x"]])
        #expect(try found("1,1,7") == [] && found("2,1,3") == [])
    }

    @Test(arguments: [
        ("a,b\n1,1\n", "mismatch"), ("b,a,x\n1,1,5\n", "mismatch"), ("a,b,x\n4,1,5\n", "mismatch"),
        ("a,b,x\n1,1,10000\n", "mismatch"), ("a,b,x\n1,1,1.5\n", "mismatch"), ("a,b,x\n1,1,[c]\n", "mismatch"),
        ("a,b,x\n", "too-many-cells"), ("a,b,x\n1,1,=1\n", "parser"), ("", "parser"),
    ])
    func `what is not in the dataset's shape is refused`(csv: String, check: String) throws {
        #expect(Self.failed(try Self.decide(csv, Self.request())).contains(check))
    }
}
