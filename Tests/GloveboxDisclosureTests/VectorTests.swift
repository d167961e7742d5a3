import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import Testing

/// Values of published tools and books, `Tests/Vectors/disclosure.json`.
@Suite struct VectorTests {
    struct Vector: CustomTestStringConvertible {
        let id: String
        let kind: String
        let input: [String: Any]
        let params: [String: Any]
        let expected: [String: Any]
        /// How far a number may be off, relative to it.
        let tolerance: Double
        var testDescription: String { "\(id) \(kind)" }

        func matrix(_ name: String) throws -> [[Int]] { try #require(input[name] as? [[Int]]) }
    }

    static func all(_ kinds: String...) throws -> [Vector] {
        let data = try Data(contentsOf: VectorKinds.file)
        let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let vectors = try #require(file["vectors"] as? [[String: Any]])
        let missing = kinds.filter { kind in !vectors.contains { $0["kind"] as? String == kind } }
        try #require(!VectorKinds.isOwn || missing.isEmpty, "no vector of \(missing)")
        return vectors.compactMap { vector in
            guard let id = vector["id"] as? String, let kind = vector["kind"] as? String, kinds.contains(kind) else {
                return nil
            }
            return Vector(
                id: id,
                kind: kind,
                input: vector["input"] as? [String: Any] ?? [:],
                params: vector["params"] as? [String: Any] ?? [:],
                expected: vector["expected"] as? [String: Any] ?? [:],
                tolerance: vector["tolerance_rel"] as? Double ?? 0
            )
        }
    }

    static func rounding(_ mode: String, _ base: Int) throws -> RoundingRules.Counts {
        let policy = try OutputPolicy(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: test, version: 1}
                tier: recomputed
                outputs: [{name: table.csv, type: csv}, {name: table.spec.json, type: table-spec}]
                rounding: {counts: {mode: \(mode), base: \(base)}}
                """
            )
        )
        return try #require(policy.rounding?.counts)
    }

    @Test func `thresholds agree with acro`() throws {
        let vectors = try Self.all("threshold_table")
        for vector in vectors {
            let counts = try vector.matrix("counts")
            let zeros = vector.params["zeros_are_disclosive"] as? Bool == true ? "disclosive" : "allowed"
            let limit = try #require(vector.params["threshold"] as? Int)
            let check = try Bench.threshold("min_units: \(limit), zeros: \(zeros), full_cells: allowed")
            let findings = check.findings(try Bench.counts(Bench.table(counts: counts), Bench.spec()))
            #expect(Self.cells(findings[0]) == vector.expected["below_threshold"] as? [[Int]], "\(vector.id)")
            let empty = findings.count > 1 ? Self.cells(findings[1]) : []
            #expect(empty == vector.expected["zero_cells"] as? [[Int]], "\(vector.id)")
            let fails = findings.contains { $0.outcome == .fail }
            #expect(fails == (vector.expected["status"] as? String == "fail"), "\(vector.id)")
        }
    }

    static func cells(_ finding: Finding) -> [[Int]] { finding.cells.map { $0.map { (Int($0) ?? 0) - 1 } } }

    @Test func `rounding agrees with acro and OpenSAFELY`() throws {
        for vector in try Self.all("round_nearest", "round_midpoint") {
            let base = try #require((vector.params["base"] ?? vector.params["to"]) as? Int)
            let rounding = try Self.rounding(vector.kind == "round_nearest" ? "nearest" : "midpoint", base)
            let values = try #require(vector.input["values"] as? [Int])
            #expect(
                values.map { rounding.round(Int64($0)) }
                    == (vector.expected["rounded"] as? [NSNumber])?.map(\.int64Value)
            )
        }
        let ties = try Self.rounding("nearest", 10)
        #expect([5, 15, 25, 35].map(ties.round) == [0, 20, 20, 40])
    }

    @Test func `the handbook's table is rounded to the nearest multiple`() throws {
        for vector in try Self.all("handbook_rounding_erratum") {
            let rounding = try Self.rounding("nearest", #require(vector.params["base"] as? Int))
            let found = try vector.matrix("table").map { $0.map { Int(rounding.round(Int64($0))) } }
            #expect(found == vector.expected["table"] as? [[Int]], "\(vector.id)")
        }
    }

    @Test func `totals are sums of what is visible`() throws {
        for vector in try Self.all("redact_then_round") {
            let rounding = try Self.rounding("nearest", #require(vector.params["base"] as? Int))
            let limit = try #require(vector.params["redact_leq"] as? Int)
            let rows = try vector.matrix("table")
            var totals = [Int](repeating: 0, count: rows.first?.count ?? 0)
            for row in rows {
                for (column, count) in row.enumerated() where count > limit {
                    totals[column] += Int(rounding.round(Int64(count)))
                }
            }
            #expect(totals == vector.expected["totals"] as? [Int], "\(vector.id)")
        }
    }

    @Test func `published differences agree`() throws {
        let vectors = try Self.all("differencing")
        for vector in vectors {
            let (first, second) = (try vector.matrix("table_a"), try vector.matrix("table_b"))
            let limit = try #require(vector.params["threshold"] as? Int)
            var unsafe: [[Int]] = []
            for row in first.indices {
                for column in first[row].indices
                where Differencing.isUnsafe(
                    Int64(first[row][column]),
                    Int64(second[row][column]),
                    minimum: Int64(limit)
                ) {
                    unsafe.append([row, column])
                }
            }
            #expect(unsafe == vector.expected["unsafe_cells"] as? [[Int]], "\(vector.id)")
        }
    }

    @Test func `capacity is the sum of logarithms, rounded up`() throws {
        let vectors = try Self.all("capacity_bits")
        for vector in vectors {
            let sizes = try #require(vector.input["field_domain_sizes"] as? [Int])
            let bits = try #require(vector.expected["bits"] as? Double)
            #expect(Capacity.millibits(domainSizes: sizes.map(Int64.init)) == Int64((bits * 1000).rounded(.up)))
        }
        #expect(Capacity.millibits(domainSizes: [1024, 2, 1]) == 11_000)
        for size in 1...5000 as ClosedRange<Int64> {
            let exact = log2(Double(size)) * 1000
            let found = Double(Capacity.millibits(domainSizes: [size]))
            #expect(found >= exact - 1e-9 && found < exact + 1.001)
        }
    }

    @Test func `the religious by occupation table fails where acro says`() throws {
        let vector = try #require(try Self.all("dataset_table").first { $0.id == "v281" })
        let counts = try #require(vector.expected["counts"] as? [[Int]])
        let table = try Bench.table(counts: counts)
        let found = try Bench.threshold("full_cells: allowed").findings(Bench.counts(table, Bench.spec()))
        let flags = try #require(vector.expected["flags"] as? [String: [[Int]]])
        #expect(Self.cells(found[0]) == flags["MinimumThresholdCheck"])
    }
}
