import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// What a report says of an answer's cost, and what the verifier makes of it.
@Suite struct PrivacyClaimTests {
    private static func refusals(
        scenario: Scenario = Scenario(),
        _ edit: @escaping (inout Report.Privacy) -> Void
    ) throws -> [String] {
        var scenario = scenario
        scenario.editReport = { report in
            var privacy = Report.Privacy(
                mechanism: "discrete-gaussian",
                rho: "0.005",
                epsilon: "0.56",
                delta: "0.000001",
                ledgerIndex: 4,
                budgetBefore: "0.5",
                budgetAfter: "0.495"
            )
            edit(&privacy)
            report.privacy = privacy
        }
        return try scenario.verdict().checks.filter { $0.status == .failed }.map(\.reason)
    }

    @Test func `a cost that adds up and stands in the log verifies`() throws {
        #expect(try Self.refusals { _ in } == [])
        let free = try Self.refusals { privacy in
            privacy.rho = "0"
            privacy.ledgerIndex = nil
            privacy.budgetAfter = "0.5"
        }
        #expect(free == [])
    }

    @Test(arguments: [
        ("0.5", "0.005", "0.494"), ("0.5", "0.005", "0.5"), ("0.004", "0.005", "0"), ("0.5", "0.005", "0.495000000001"),
    ])
    func `a budget that was left by something else than the cost is refused`(_ amounts: (String, String, String)) throws
    {
        let found = try Self.refusals { ($0.budgetBefore, $0.rho, $0.budgetAfter) = amounts }
        #expect(found == ["privacy.arithmetic"])
    }

    @Test(arguments: ["0.50", "5e-1", ".5", "-0.5", "00.5", "0.5.", "", "0.0000000000005", "1_0", "0,5"])
    func `an amount that is no canonical decimal is refused`(_ text: String) throws {
        #expect(try Self.refusals { $0.budgetBefore = text } == ["privacy.encoding"])
    }

    @Test func `a charge that the log cannot hold there is refused`() throws {
        #expect(try Self.refusals { $0.ledgerIndex = nil } == ["privacy.ledger"])
        for index in [2, 5, 1000] as [UInt64] {
            #expect(try Self.refusals { $0.ledgerIndex = index } == ["privacy.ledger", "privacy.ledger"], "\(index)")
        }
        // The place is possible, but has another entry.
        #expect(try Self.refusals { $0.ledgerIndex = 3 } == ["privacy.ledger"])
        let free = try Self.refusals { privacy in
            privacy.rho = "0"
            privacy.budgetAfter = "0.5"
        }
        #expect(free == ["privacy.ledger"])
    }

    @Test func `a charge is the one that the log has: of this job, its data and its amount`() throws {
        for (field, value) in [
            ("amount", "0.004"), ("budget", "runs"), ("job", "job_2"), ("dataset", "other"), ("event", "key.released"),
        ] {
            var scenario = Scenario()
            scenario.startSpec.editCharge = { $0.edit("unmapped", "glovebox", field) { _ in .string(value) } }
            #expect(try Self.refusals(scenario: scenario) { _ in } == ["privacy.ledger"], "\(field)")
        }
        var scenario = Scenario()
        scenario.editEvidence = { $0["privacy.entry"] = nil }
        #expect(try Self.refusals(scenario: scenario) { _ in } == ["privacy.ledger"])
        scenario.editEvidence = { $0["privacy.entry"] = $0["key.entry"] }
        #expect(try Self.refusals(scenario: scenario) { _ in } == ["log.root-mismatch"])
        scenario.editEvidence = { $0["privacy.tlog-proof"] = nil }
        #expect(try Self.refusals(scenario: scenario) { _ in } == ["input.io"])
    }

    @Test func `a policy signed by someone who is no owner is refused`() throws {
        var scenario = Scenario()
        let owner = PersonSigner()
        scenario.editReport = { $0.policies.output.signer = owner.publicKey.keyID }
        let found = try scenario.verdict().checks.filter { $0.status == .failed }.map(\.reason)
        #expect(found == ["key.wrong-role"])
        scenario.editTrust = { policy in
            policy.roles.append(
                RoleKey(.owner, account: "acc_owner", key: owner.publicKey, validFrom: Scenario.start)
            )
        }
        #expect(try scenario.verdict().isVerified)
    }
}
