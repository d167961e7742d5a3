import GloveboxCore
import GloveboxTables
import Testing

@testable import GloveboxPrivacy

@Suite struct StatedClaimTests {
    private static func claim(_ changes: [(String, String)] = []) throws -> StatedClaim {
        var text =
            #"{"apiVersion":"glovebox/v1","kind":"TrainingClaim","rate":"0.04","noise_multiplier":"1.5","steps":2250,"delta":"0.00001","epsilon":"7.33"}"#
        for (old, new) in changes {
            try #require(text.contains(old), "\(old)")
            text = text.replacing(old, with: new)
        }
        return try StatedClaim(bytes: Array(text.utf8))
    }

    // The known value is 7.32911117143, and six decimals are rounded up.
    @Test(arguments: [("7.33", true), ("7.329112", true), ("7.329111", false), ("0", false), ("1000000", true)])
    func `a claim holds from the computed epsilon on`(stated: String, holds: Bool) throws {
        let claim = try Self.claim([("7.33", stated)])
        #expect(claim.epsilonOfParameters?.text == "7.329112")
        if holds {
            try claim.check()
        } else {
            #expect(throws: GloveboxError("privacy.claim", "")) { try claim.check() }
        }
        #expect(claim.report["status"] == "claim" && claim.report["kind"] == nil)
        #expect(claim.report["epsilon_of_parameters"] == "7.329112")
    }

    @Test func `the same noise in more steps, or for more people in each, costs more`() throws {
        let base = try #require(try Self.claim().epsilonOfParameters)
        for change in [("2250", "2251"), ("\"0.04\"", "\"0.041\""), ("\"1.5\"", "\"1.49\""), ("0.00001", "0.000009")] {
            #expect(try #require(try Self.claim([change]).epsilonOfParameters) > base, "\(change)")
        }
        let none = try Self.claim([("\"0.04\"", "\"1\""), ("\"1.5\"", "\"0.01\""), ("2250", "1000000000")])
        #expect(none.epsilonOfParameters == nil && none.report["epsilon_of_parameters"] == "unbounded")
        #expect(throws: GloveboxError("privacy.claim", "")) { try none.check() }
    }

    @Test(arguments: [
        ("\"0.04\"", "\"0\""), ("\"0.04\"", "\"1.01\""), ("\"0.04\"", "0.04"), ("\"1.5\"", "\"0.001\""),
        ("2250", "0"), ("2250", "\"2250\""), ("0.00001", "0"), ("0.00001", "0.6"), ("\"7.33\"", "\"-1\""),
        ("\"steps\"", "\"verified\":true,\"steps\""), ("TrainingClaim", "ModelSpec"),
    ])
    func `what is no claim is refused`(old: String, new: String) {
        #expect(throws: GloveboxError.self) { try Self.claim([(old, new)]) }
    }
}
