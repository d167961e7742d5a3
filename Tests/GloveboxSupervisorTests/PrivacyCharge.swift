import GloveboxCore
import GloveboxPrivacy
import GloveboxTables

/// Charges for noise, made by hand.
enum PrivacyCharge {
    static func of(_ project: String, rho: String) -> PrivacyLedger.Charge {
        let amount = ExactDecimal(policyText: rho).flatMap { Rho($0) } ?? .zero
        return PrivacyLedger.Charge(lineage: "l", project: project, rho: amount, key: .zero)
    }
}
