import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// Values of published tools and books about dominance.
@Suite struct DominanceVectorTests {
    static func check(n: Int = 2, k: String = "90", p: String = "10", comparator: String = "ge") throws
        -> DominanceCheck
    {
        let policy = try OutputPolicy(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: test, version: 1}
                tier: recomputed
                outputs: [{name: table.csv, type: csv}, {name: table.spec.json, type: table-spec}]
                columns: {measures: [sum]}
                checks: {dominance: {p_percent: "\(p)", nk: {"n": \(n), k: "\(k)", comparator: \(comparator)}}}
                """
            )
        )
        return try #require(policy.checks.dominance)
    }

    /// The number as the file has it, times `factor`, exact.
    static func decimal(_ value: Any?, times factor: Int64 = 1) throws -> ExactDecimal {
        let number = try #require(value as? NSNumber)
        let exact = try #require(ExactDecimal(csvText: number.description.utf8))
        return ExactDecimal(mantissa: exact.mantissa * Int128(factor), exponent: exact.exponent)
    }

    static func contributions(_ vector: VectorTests.Vector, keeping: Int = 10) throws -> Contributions {
        let values = try #require(vector.input["contributions"] as? [NSNumber])
        return Contributions(values.map(\.int64Value), keeping: keeping)
    }

    static func isNear(_ found: Double, _ expected: Double, _ tolerance: Double) -> Bool {
        abs(found - expected) <= tolerance * max(1, abs(expected))
    }

    @Test func `the (n,k) rule agrees with acro`() throws {
        let vectors = try VectorTests.all("nk_rule")
        for vector in vectors {
            let n = try #require(vector.params["n"] as? Int)
            let comparator = try #require(vector.params["comparator"] as? String)
            let k = try Self.decimal(vector.params["k"], times: 100).text
            let rule = try Self.check(n: n, k: k, comparator: comparator.hasPrefix(">=") ? "ge" : "gt").nk
            let cell = try Self.contributions(vector)
            #expect(Dominance.violatesNK(cell, rule) == vector.expected["unsafe"] as? Bool, "\(vector.id)")
            let share = Double(cell.largest.prefix(n).reduce(0, +)) / Double(cell.total)
            #expect(Self.isNear(share, try #require(vector.expected["top_n_share"] as? Double), 1e-9))
        }
    }

    @Test func `the p% rule agrees with acro`() throws {
        let vectors = try VectorTests.all("p_percent_rule")
        for vector in vectors {
            let cell = try Self.contributions(vector)
            let p = try Self.decimal(vector.params["p"], times: 100)
            #expect(Dominance.violatesP(cell, percent: p) == vector.expected["unsafe"] as? Bool, "\(vector.id)")
            // As a (p,q) rule with q below 100, the same p protects more.
            if Dominance.violatesP(cell, percent: p) {
                #expect(Dominance.violatesPQ(cell, p: p, q: ExactDecimal(50)), "\(vector.id)")
            }
            let rest = Double(cell.total) - Double(cell.largest.prefix(2).reduce(0, +))
            let ratio = try #require(vector.expected["p_ratio"] as? Double)
            #expect(Self.isNear(rest / Double(cell.largest[0]), ratio, 1e-9), "\(vector.id)")
        }
    }

    @Test func `published protection levels agree`() throws {
        let vectors = try VectorTests.all("protection_level")
        for vector in vectors {
            let cell = try Self.contributions(vector)
            let expected = try #require((vector.expected["upper_protection_level"] as? NSNumber)?.doubleValue)
            let rule = vector.input["rule"] as? String ?? ""
            let found: Ratio
            if rule.hasPrefix("(") {
                let numbers = rule.dropFirst().prefix { $0 != ")" }.split(separator: ",").compactMap { Int($0) }
                found = Dominance.protectionNK(cell, n: numbers[0], k: ExactDecimal(Int64(numbers[1])))
            } else {
                let p = try #require(ExactDecimal(csvText: rule.dropFirst(2).utf8))
                found = Dominance.protectionP(cell, percent: p)
            }
            let text = try #require(Double(found.rounded(significantDigits: 15).text))
            #expect(Self.isNear(text, expected, vector.tolerance), "\(vector.id)")
        }
        for vector in try VectorTests.all("dominance_equivalence") {
            let p = Dominance.equivalentP(k: try Self.decimal(vector.input["k"]))
            #expect(p == Ratio(try Self.decimal(vector.expected["p"])))
        }
    }

    @Test func `dominance in a published table agrees with sdcTable`() throws {
        let vectors = try VectorTests.all("sdctable_dominance")
        for vector in vectors {
            var cells: [String: [Int64]] = [:]
            for row in try #require(vector.input["microdata"] as? [[Any]]) {
                let key = row.dropLast().map { "\($0)" }.joined(separator: "/")
                cells[key, default: []].append(try #require((row.last as? NSNumber)?.int64Value))
            }
            var unsafe: [String] = []
            for (key, values) in cells {
                let cell = Contributions(values, keeping: 10)
                let isUnsafe: Bool
                if vector.params["rule"] as? String == "p" {
                    isUnsafe = Dominance.violatesP(cell, percent: try Self.decimal(vector.params["p"]))
                } else {
                    let n = try #require((vector.params["n"] as? NSNumber)?.intValue)
                    let k = try Self.decimal(vector.params["k"]).text
                    isUnsafe = Dominance.violatesNK(cell, try Self.check(n: n, k: k, comparator: "gt").nk)
                }
                if isUnsafe { unsafe.append(key) }
            }
            #expect(unsafe.sorted() == (vector.expected["unsafe_cells"] as? [String])?.sorted(), "\(vector.id)")
        }
    }

    @Test func `small cells of a published table agree with sdcTable`() throws {
        for vector in try VectorTests.all("sdctable_frequency") {
            let limit = try #require(vector.params["maxN"] as? Int)
            let cells = try #require(vector.input["cells"] as? [String: Int]).filter { !$0.key.contains("tot") }
            let names = cells.keys.sorted()
            let check = try Bench.threshold("min_units: \(limit + 1), zeros: allowed, full_cells: allowed")
            let counts = try Bench.counts(Bench.table(counts: names.map { [cells[$0] ?? 0] }), Bench.spec("[\"a\"]"))
            let found = check.findings(counts)[0].cells.map { names[(Int($0[0]) ?? 0) - 1] }
            #expect(found == vector.expected["unsafe_cells"] as? [String])
        }
    }

    @Test func `contributions below zero are never passed`() throws {
        for vector in try VectorTests.all("dominance_negative") {
            let cells = try #require(vector.input["contributions"] as? [[NSNumber]])
            let column = "  - {name: x, type: integer, min: \"-100\", max: \"100\"}"
            var csv = "a,b,x\n"
            for (index, cell) in cells.enumerated() { for value in cell { csv += "\(index + 1),1,\(value)\n" } }
            let table = try Bench.table(Bench.description(a: cells.count, b: 1, extra: column), csv)
            let spec = try Bench.spec("[\"a\"]", ",\"statistic\":\"sum\",\"variable\":\"x\"")
            let found = try Self.check().findings(Bench.counts(table, spec, Bench.input("a, b, x")), zeros: .disclosive)
            #expect(found.map(\.outcome).max()?.rawValue == vector.expected["status"] as? String)
            #expect(found.last?.cells == [["1"]])
        }
    }
}
