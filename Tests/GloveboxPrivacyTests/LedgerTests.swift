import GloveboxCore
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxPrivacy

@Suite struct LedgerTests {
    private func budget(_ dataset: String, _ project: String) throws -> Budget {
        let policy = try OutputPolicy(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: test, version: 1}
                tier: computed
                outputs: [{name: answer.json, type: json}]
                queries: [count]
                budget: {per_query_rho_max: "1", dataset_rho: "\(dataset)", project_rho: "\(project)"}
                decision: {auto: within-budget, otherwise: reject, reviewers: 1}
                """
            )
        )
        return try #require(policy.privacy.budget)
    }

    private func charge(_ rho: String, project: String = "p", lineage: String = "l") throws -> PrivacyLedger.Charge {
        let amount = try #require(ExactDecimal(policyText: rho).flatMap { Rho($0) })
        return .init(lineage: lineage, project: project, rho: amount, key: .zero)
    }

    /// Whether each charge is taken, in turn.
    private func play(_ charges: [PrivacyLedger.Charge], _ budget: Budget) throws -> [Bool] {
        var ledger = PrivacyLedger()
        return try charges.map { charge in
            do throws(GloveboxError) { try ledger.check(charge, budget: budget) } catch {
                #expect(error.code == "budget.exhausted")
                return false
            }
            try ledger.apply(charge)
            return true
        }
    }

    @Test func `a budget is filled exactly and never over it`() throws {
        let three = try (0..<4).map { _ in try charge("0.1") }
        #expect(try play(three, budget("0.3", "9")) == [true, true, true, false])
        for vector in try Vectors.all("budget_filter_zcdp") {
            let charges = try vector.givens("sigmas").map { sigma in
                PrivacyLedger.Charge(
                    lineage: "l",
                    project: "p",
                    rho: try Rho(atLeast: 1_000_000, UInt128(2e6 * sigma * sigma)),
                    key: .zero
                )
            }
            let limit = try vector.given("limit_rho")
            let accepted = try play(charges, budget("\(limit)", "9"))
            #expect(accepted == vector.expected["accepted"] as? [Bool], "\(vector.id)")
        }
        // What is added up is another thing; the filter is the same.
        for vector in try Vectors.all("budget_filter") {
            let charges = try vector.givens("charges").map { try charge("\($0)") }
            let limit = try vector.given("limit_epsilon")
            let accepted = try play(charges, budget("\(limit)", "9"))
            #expect(accepted == vector.expected["accepted"] as? [Bool], "\(vector.id)")
        }
    }

    @Test func `a refused charge costs nothing, and a smaller one may still pass`() throws {
        let charges = [try charge("0.25"), try charge("0.1"), try charge("0.05")]
        #expect(try play(charges, budget("0.3", "9")) == [true, false, true])
    }

    @Test func `projects share a dataset's limit, and have one of their own`() throws {
        let charges = [
            try charge("0.2", project: "a"), try charge("0.2", project: "b"), try charge("0.1", project: "a"),
            try charge("0.2", project: "a", lineage: "other"),
        ]
        #expect(try play(charges, budget("0.3", "0.4")) == [true, false, true, false])
        #expect(try play(charges, budget("0.3", "0.5")) == [true, false, true, true])
    }

    @Test func `a join is paid by both lineages, and by neither when one has no room`() throws {
        let single = try charge("0.2", lineage: "b")
        func join(_ rho: String) throws -> PrivacyLedger.Charge {
            let one = try charge(rho, lineage: "a")
            return .init(lineage: "a", joined: ["b"], project: "p", rho: one.rho, selectionDelta: 5, key: .zero)
        }
        let alone = try charge("0.3", lineage: "a")
        #expect(try play([single, join("0.2"), join("0.1"), alone], budget("0.3", "9")) == [true, false, true, false])
        #expect(try PrivacyLedger.Charge(json: join("0.1").json) == join("0.1"))
        var ledger = PrivacyLedger()
        try ledger.apply(join("0.1"))
        #expect(ledger.selectionDelta(lineage: "a") == 5 && ledger.selectionDelta(lineage: "b") == 5)
        #expect(ledger.spent(project: "p").text == "0.1" && ledger.count == 1)
    }

    @Test func `rounds are counted for each project and lineage, and a split gives none back`() throws {
        let policy = try UpdateTests.policy([("max: 50}", "max: 2}")])
        var ledger = PrivacyLedger()
        func round(_ number: Int64?, project: String = "p", lineage: String = "l") throws -> PrivacyLedger.Charge {
            var charge = try charge("0.02", project: project, lineage: lineage)
            charge.round = number
            return charge
        }
        for number in [1, 2] as [Int64] {
            try ledger.check(round(number), under: policy)
            try ledger.apply(round(number))
        }
        try ledger.split("l", into: "m")
        for lineage in ["l", "m"] {
            #expect(throws: GloveboxError("budget.exhausted", "")) {
                try ledger.check(round(3, lineage: lineage), under: policy)
            }
            try ledger.check(round(3, project: "q", lineage: lineage), under: policy)
        }
        #expect(ledger.rounds(of: "p", on: "m") == 2 && ledger.rounds(of: "q", on: "l") == 0)
        #expect(throws: GloveboxError("policy.not-enforced", ""), "a round that does not say so is not counted") {
            try ledger.check(round(nil, project: "q"), under: policy)
        }
        #expect(try PrivacyLedger.Charge(json: round(3).json) == round(3))
    }

    @Test func `a charge is read as it was logged`() throws {
        let charge = try charge("0.123456789012")
        #expect(try PrivacyLedger.Charge(json: charge.json) == charge)
        #expect(throws: GloveboxError.self) { try PrivacyLedger.Charge(json: ["lineage": "l"]) }
    }
}
