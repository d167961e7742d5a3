import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxPrivacy

/// Groups whose names are not public.
@Suite struct SelectionTests {
    static func selection(_ epsilon: String, _ delta: String) throws -> KeySelection {
        var fields = try DocumentFields(["epsilon": .string(epsilon), "delta": .string(delta)], at: "selection")
        return try KeySelection(&fields)
    }

    static func double(_ p: UInt128) -> Double { Double(p) / 0x1p127 }

    @Test func `the chance of a group agrees with Google's, and is never above it`() throws {
        for vector in try Vectors.all("partition_selection_truncated_geometric") {
            func text(_ name: String) throws -> String {
                let number = try vector.given(name)
                let places = 18
                let decimal = ExactDecimal(mantissa: Int128((number * 1e18).rounded()), exponent: -places)
                return decimal.text
            }
            let selection = try Self.selection(try text("epsilon"), try text("delta"))
            let counts = try #require(vector.input["user_counts"] as? [Int])
            let expected = try #require(vector.expected["probability_of_keep"] as? [Double])
            let groups = Int(try vector.given("max_partitions"))
            let found = selection.probabilities(groups: groups, upTo: counts.max() ?? 0)
            for (count, p) in zip(counts, expected) {
                let ours = count <= found.count ? Self.double(found[count - 1]) : 1
                #expect(abs(ours - p) <= vector.tolerance * p, "\(count)")
            }
        }
    }

    // Both limits of (ε', δ') hold between neighbouring counts, in exact fractions.
    @Test(arguments: [
        ("1", "0.00001", 1), ("0.1", "0.000001", 3), ("0.001", "0.000000000000000001", 2), ("10", "0.01", 7),
    ])
    func `a unit more or less changes no chance by more than epsilon and delta`(
        epsilon: String,
        delta: String,
        groups: Int
    ) throws {
        let selection = try Self.selection(epsilon, delta)
        let found = [0] + selection.probabilities(groups: groups, upTo: 300)
        let growth = exp(try #require(Double(epsilon)) / Double(groups))
        let step = -expm1(log1p(-(try #require(Double(delta)))) / Double(groups))
        for (less, more) in zip(found, found.dropFirst()) {
            let (p, q) = (Self.double(less), Self.double(more))
            #expect(p <= q)
            #expect(q <= (growth * p + step) * (1 + 1e-12))
            #expect(1 - p <= (growth * (1 - q) + step) * (1 + 1e-12) + 1e-15)
        }
        #expect(found.count > 2)
    }

    @Test func `many units are certain, few are rare, none are never named`() throws {
        let selection = try Self.selection("1", "0.00001")
        var sampler = Sampler(SystemRandom())
        for _ in 0..<5 {
            let kept = try selection.keeps([0, 1, 60], groups: 1, &sampler)
            #expect(!kept[0] && kept[2])
        }
        // One unit alone has a chance of 10^-2 here: 20,000 draws give 200 within five standard deviations of 14.
        let loose = try Self.selection("1", "0.01")
        let named = try loose.keeps(Array(repeating: 1, count: 20_000), groups: 1, &sampler).count { $0 }
        #expect((130...270).contains(named))
    }

    static let rows = (0..<60).map { "u\($0),1,1" } + ["v,3,1"]

    @Test func `an answer names the groups that were selected, and no other`() throws {
        let policy = try Bench.policy(mechanism: "groups: threshold")
        let engine = try QueryEngine(Self.query(), policy: policy, inputPolicy: Bench.input())
        var alone = 0
        for _ in 0..<5 {
            let bytes = try engine.answer(
                over: Bench.table(Self.rows),
                key: Bench.key(),
                random: SystemRandom(),
                capabilities: Bench.capabilities
            )
            let answer = try JSONReader.read(bytes)
            let keys = answer["cells"]?.array?.map { $0["key"]?.array?.first?.string }
            #expect(keys?.contains("1") == true && keys?.contains("2") == false)
            if keys?.contains("3") == true { alone += 1 }
            // 0.02 and 1/2 for the selection; its delta comes on top.
            #expect(answer["rho"]?.string == "0.52")
            #expect(answer["epsilon_at_delta"]?["delta"]?.string == "0.0000011")
        }
        #expect(alone == 0)
    }

    static func query(_ selection: String? = #"{"epsilon":"1","delta":"0.0000001"}"#, _ question: String = histogram)
        throws
        -> DPQuery
    {
        let more = selection.map { ",\"selection\":\($0)" } ?? ""
        return try DPQuery(
            bytes: Array(
                """
                {"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"test","query":\(question),"rho":"0.02"\(more)}
                """.utf8
            )
        )
    }

    static let histogram = #"{"kind":"histogram","group_by":["a"]}"#

    @Test func `selection is asked for where names are not public, and nowhere else`() throws {
        func check(_ query: DPQuery, _ mechanism: String) throws {
            try query.check(
                policy: Bench.policy(mechanism: mechanism),
                description: Bench.description(),
                inputPolicy: Bench.input(),
                capabilities: Bench.capabilities
            )
        }
        try check(Self.query(), "groups: threshold")
        try check(Self.query(nil), "")
        try check(Self.query(nil, #"{"kind":"count"}"#), "groups: threshold")
        #expect(throws: GloveboxError("query.selection", "")) { try check(Self.query(nil), "groups: threshold") }
        #expect(throws: GloveboxError("query.selection", "")) { try check(Self.query(), "") }
        #expect(throws: GloveboxError("query.selection", "")) {
            try check(Self.query(#"{"epsilon":"1","delta":"0.0000001"}"#, #"{"kind":"count"}"#), "groups: threshold")
        }
        #expect(throws: GloveboxError("budget.per-query", "")) {
            try check(Self.query(#"{"epsilon":"1","delta":"0.00001"}"#), "groups: threshold")
        }
        for wrong in [#"{"epsilon":"0","delta":"0.0000001"}"#, #"{"epsilon":"1","delta":"0"}"#, #"{"epsilon":"1"}"#] {
            #expect(throws: GloveboxError.self) { try Self.query(wrong) }
        }
    }

    @Test func `the delta of selection is added up over a dataset and never given back`() throws {
        let budget = try #require(try Bench.policy().privacy.budget)
        var ledger = PrivacyLedger()
        let charge = PrivacyLedger.Charge(
            lineage: "d",
            project: "p",
            rho: try Self.query().cost(),
            selectionDelta: 400_000_000_000,
            key: .zero
        )
        #expect(try PrivacyLedger.Charge(json: charge.json) == charge)
        for _ in 0..<2 {
            try ledger.check(charge, budget: budget)
            try ledger.apply(charge)
        }
        #expect(ledger.selectionDelta(lineage: "d") == 800_000_000_000)
        #expect(throws: GloveboxError("budget.exhausted", "")) { try ledger.check(charge, budget: budget) }
        let other = PrivacyLedger.Charge(lineage: "e", project: "p", rho: charge.rho, selectionDelta: 1, key: .zero)
        try ledger.check(other, budget: budget)
    }
}
