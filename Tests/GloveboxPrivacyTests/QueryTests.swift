import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxPrivacy

/// With so large a rho that the noise is zero but for one draw in 10^100, answers are the exact numbers.
@Suite struct QueryTests {
    private let rows = ["u1,1,2.5", "u1,1,2.5", "u1,2,7", "u1,3,-5", "u2,1,10", "u3,2,-1", "u4,1,99"]

    @Test func `a count keeps as many rows of a unit as the policy allows`() throws {
        let table = try Bench.table(rows)
        #expect(try Bench.answer(#"{"kind":"count"}"#, table, policy: Bench.policy()) == [[]: "4"])
        let two = try Bench.policy(unit: "max_rows_per_unit: 2, max_groups_per_unit: 2")
        #expect(try Bench.answer(#"{"kind":"count"}"#, table, policy: two) == [[]: "5"])
        let all = try Bench.policy(unit: "max_rows_per_unit: 9, max_groups_per_unit: 9")
        let groups = try Bench.answer(#"{"kind":"histogram","group_by":["a"]}"#, table, policy: all)
        #expect(groups == [["1"]: "4", ["2"]: "2", ["3"]: "1"])
        let narrow = try Bench.policy(unit: "max_rows_per_unit: 9, max_groups_per_unit: 1")
        let kept = try Bench.answer(#"{"kind":"histogram","group_by":["a"]}"#, table, policy: narrow)
        #expect(["4": 5, "3": 4, "2": 4][kept[["1"]] ?? ""] != nil)
        #expect(try Bench.answer(#"{"kind":"count"}"#, table, policy: narrow) == [[]: "7"])
    }

    @Test func `published contribution bounds hold`() throws {
        for vector in try Vectors.all("contribution_bounding") {
            let given = try #require(vector.input["rows"] as? [[Any]])
            let table = try Bench.table(
                given.map { row in
                    "\(row[0]),\(["A": 1, "B": 2, "C": 3][row[1] as? String ?? ""] ?? 0),\(row[2])"
                }
            )
            let groups = Int(try vector.given("max_partitions"))
            let rows = groups * Int(try vector.given("max_per_partition"))
            let policy = try Bench.policy(unit: "max_rows_per_unit: \(rows), max_groups_per_unit: \(groups)")
            let counts = try Bench.answer(#"{"kind":"histogram","group_by":["a"]}"#, table, policy: policy)
            let total = counts.values.compactMap { Int($0) }.reduce(0, +)
            let others = given.count { $0[0] as? String != "u1" }
            #expect(total == others + Int(try vector.number("max_kept_rows_for_u1")))
        }
    }

    @Test func `a sum is clamped before it is summed, and exact in decimals`() throws {
        let table = try Bench.table(["u1,1,250", "u2,1,-300", "u3,1,0.1", "u4,1,0.2"])
        #expect(try Bench.answer(#"{"kind":"sum","column":"x"}"#, table, policy: Bench.policy()) == [[]: "5.3"])
        let mean = try Bench.answer(#"{"kind":"mean","column":"x"}"#, table, policy: Bench.policy())
        #expect(mean == [[]: "1.3"])
        let laplace = try Bench.policy(mechanism: "count: discrete-laplace, sum: discrete-laplace")
        let sum = try Bench.answer(#"{"kind":"sum","column":"x"}"#, table, policy: laplace, rho: "900000")
        let value = try #require(sum[[]].flatMap { ExactDecimal(policyText: $0) }?.scaled(decimals: 1))
        #expect(abs(value - 53) < 400)
    }

    @Test(arguments: [("0.1", "0"), ("0.5", "5"), ("0.75", "5"), ("0.8", "10")])
    func `a quantile is the upper edge of its band`(q: String, edge: String) throws {
        let table = try Bench.table((0..<20).map { "u\($0),1,\($0 < 4 ? "-3" : $0 < 15 ? "2" : "8")" })
        let question = #"{"kind":"quantile","column":"x","banding":"five","q":"\#(q)"}"#
        #expect(try Bench.answer(question, table, policy: Bench.policy()) == [[]: edge])
    }

    @Test(arguments: [
        #"{"kind":"count"}"#, #"{"kind":"sum","column":"x"}"#, #"{"kind":"mean","column":"x","group_by":["a"]}"#,
        #"{"kind":"histogram","group_by":["a"]}"#, #"{"kind":"quantile","column":"x","banding":"five","q":"0.5"}"#,
    ])
    func `what is told of an answer before it is drawn is what the answer says`(question: String) throws {
        for mechanism in ["", "count: discrete-laplace, sum: discrete-laplace"] {
            let policy = try Bench.policy(unit: "max_groups_per_unit: 2", mechanism: mechanism)
            let query = try Bench.query(question, rho: "3")
            let engine = QueryEngine(query, policy: policy, inputPolicy: try Bench.input())
            let told = try engine.forecast(Bench.description(), capabilities: Bench.capabilities)
            let bytes = try engine.answer(
                over: Bench.table(rows),
                key: Bench.key(),
                random: SystemRandom(),
                capabilities: Bench.capabilities
            )
            let answer = try JSONReader.read(bytes)
            for member in ["noise", "rho", "epsilon_at_delta"] { #expect(told.json[member] == answer[member]) }
            #expect(told.cost.text == "3" && told.json["noise"]?.array?.isEmpty == false)
        }
    }

    @Test func `the order of rows changes nothing`() throws {
        let policy = try Bench.policy(unit: "max_rows_per_unit: 1, max_groups_per_unit: 1")
        let question = #"{"kind":"sum","column":"x","group_by":["a"]}"#
        let first = try Bench.answer(question, Bench.table(rows), policy: policy)
        for _ in 0..<10 {
            #expect(try Bench.answer(question, Bench.table(rows.shuffled()), policy: policy) == first)
        }
    }

    @Test func `a unit of its own changes no other unit's rows`() throws {
        let policy = try Bench.policy(unit: "max_rows_per_unit: 1, max_groups_per_unit: 1")
        let question = #"{"kind":"count","group_by":["a"]}"#
        let before = try Bench.answer(question, Bench.table(rows), policy: policy)
        let after = try Bench.answer(question, Bench.table(["u0,3,1"] + rows), policy: policy)
        for (key, value) in before {
            let more = key == ["3"] ? 1 : 0
            #expect(after[key] == String((Int(value) ?? -9) + more))
        }
    }

    @Test func `sensitivities follow the specification`() throws {
        let one = ContributionBounds(rows: 1, groups: 3)
        let three = ContributionBounds(rows: 3, groups: 2)
        func sensitivity(_ low: Int128, _ high: Int128, _ bounds: ContributionBounds, _ grouped: Bool, _ change: Bool)
            throws -> [UInt128]
        {
            let found = try Sensitivity(
                low: low,
                high: high,
                bounds: bounds,
                isGrouped: grouped,
                neighbour: change ? .changeOne : .addRemove
            )
            return [try found.step(shift: 0), found.cells]
        }
        for vector in try Vectors.all("clamped_sum") {
            let bounds = try vector.givens("bounds").map { Int128($0) }
            let found = try sensitivity(bounds[0], bounds[1], one, false, false)
            #expect(found == [UInt128(try vector.number("sensitivity")), 1], "\(vector.id)")
            let sum = try vector.givens("values").reduce(0) { $0 + min(max(Int128($1), bounds[0]), bounds[1]) }
            #expect(sum == Int128(try vector.number("sum")), "\(vector.id)")
        }
        #expect(try sensitivity(0, 100, one, false, false) == [100, 1])
        #expect(try sensitivity(-5, 10, three, false, false) == [30, 1])
        #expect(try sensitivity(-5, 10, one, false, true) == [15, 1])
        #expect(try sensitivity(0, 1, one, true, false) == [1, 3])
        #expect(try sensitivity(0, 1, three, true, true) == [3, 4])
    }

    @Test(arguments: [false, true], 0...5)
    func `no rounding to a coarser unit takes a change beyond its sensitivity`(isChange: Bool, shift: Int) throws {
        let (low, high) = (Int128(-9), Int128(13))
        let sensitivity = try Sensitivity(
            low: low,
            high: high,
            bounds: ContributionBounds(rows: 3, groups: 1),
            isGrouped: false,
            neighbour: isChange ? .changeOne : .addRemove
        )
        let step = try Int128(sensitivity.step(shift: shift))
        let unit = Int128(1) << Int128(shift)
        for before in low...high {
            for after in isChange ? low...high : 0...0 {
                let change = Exact.quotientHalfEven(before, unit) - Exact.quotientHalfEven(after, unit)
                #expect(3 * abs(change) <= step, "\(before) to \(after)")
            }
        }
    }

    @Test func `a wide column is summed in coarser units, with room for them`() throws {
        let noise = try Noise(
            .discreteGaussian,
            rho: Rho(units: 5_000_000_000),
            Sensitivity(change: 1 << 40, cells: 2)
        )
        guard case .gaussian(let variance) = noise.law else {
            Issue.record("another law")
            return
        }
        #expect(noise.shift > 0 && variance.numerator / variance.denominator <= GaussianVariance.largest)
        let unit = UInt128(1) << UInt128(noise.shift)
        let step = ((1 << 40) + unit - 1) / unit
        let cost = try Rho(atLeast: 2 * step * step * variance.denominator, 2 * variance.numerator)
        #expect(cost.units <= 5_000_000_000)
        #expect(noise.coarse(Int128(1) << 40) <= Int128(step))
    }

    @Test(arguments: [
        (#"{"kind":"count","sensitivity":"1"}"#, "document.unknown-key"),
        (#"{"kind":"sum","column":"x","bounds":["0","1"]}"#, "document.unknown-key"),
        (#"{"kind":"sum"}"#, "document.missing-key"), (#"{"kind":"median"}"#, "document.value"),
        (#"{"kind":"histogram"}"#, "document.value"), (#"{"kind":"sum","column":"a"}"#, "query.column"),
        (#"{"kind":"sum","column":"y"}"#, "query.column"), (#"{"kind":"count","group_by":["x"]}"#, "spec.column"),
        (#"{"kind":"count","group_by":["who"]}"#, "spec.column"),
        (#"{"kind":"count","where":[{"column":"x","op":"ge","value":"3"}]}"#, "spec.predicate"),
        (#"{"kind":"quantile","column":"x","banding":"five","q":"1"}"#, "document.value"),
        (#"{"kind":"quantile","column":"x","banding":"six","q":"0.5"}"#, "spec.column"),
    ])
    func `a query that cannot be answered is refused`(question: String, code: String) throws {
        #expect(throws: GloveboxError(code, "")) {
            try Bench.query(question).check(
                policy: Bench.policy(),
                description: Bench.description(),
                inputPolicy: Bench.input(),
                capabilities: Bench.capabilities
            )
        }
    }

    @Test func `a rho above the policy's, zero, or with a part that is not enforced is refused`() throws {
        let (description, input) = (try Bench.description(), try Bench.input())
        func check(_ rho: String, _ policy: OutputPolicy) throws {
            try Bench.query(#"{"kind":"count"}"#, rho: rho).check(
                policy: policy,
                description: description,
                inputPolicy: input,
                capabilities: Bench.capabilities
            )
        }
        #expect(throws: GloveboxError("budget.per-query", "")) { try check("900000.1", Bench.policy()) }
        #expect(throws: GloveboxError("document.value", "")) { try check("0", Bench.policy()) }
        let rounds = try Bench.policy(more: "rounds: {max: 50}")
        #expect(throws: GloveboxError("policy.not-enforced", "")) { try check("1", rounds) }
        let threshold = try Bench.policy(mechanism: "groups: threshold")
        try check("1", threshold)
    }

    @Test func `an answer reports scale, accuracy, rho and epsilon`() throws {
        let engine = QueryEngine(
            try Bench.query(#"{"kind":"count"}"#, rho: "0.005"),
            policy: try Bench.policy(),
            inputPolicy: try Bench.input()
        )
        let bytes = try engine.answer(
            over: Bench.table(rows),
            key: Bench.key(),
            random: SystemRandom(),
            capabilities: Bench.capabilities
        )
        let answer = try JSONReader.read(bytes)
        #expect(bytes == CanonicalJSON.encode(answer))
        #expect(answer["rho"]?.string == "0.005")
        #expect(answer["epsilon_at_delta"]?["epsilon"]?.string?.hasPrefix("0.4299") == true)
        let noise = try #require(answer["noise"]?.array?.first)
        #expect(noise["scale"]?.string == "10.000001" && noise["accuracy95"]?.string == "21")
    }
}
