package import GloveboxCore
internal import GloveboxPolicy
package import GloveboxTables

/// What a researcher states of a training with differential privacy: parameters, and the ε that follows from them.
///
/// The noise was not the supervisor's, so it stays a claim: it is computed anew, shown with what it was computed from, and
/// neither replaces a check nor costs a budget. Source: release policy sections 9.5 and 12.
package struct StatedClaim: Hashable, Sendable {
    /// The file of the code tree that holds it.
    package static let fileName = "training.claim.json"

    /// The parameters.
    package let training: TrainingClaim
    package let delta: ExactDecimal
    /// The ε that is stated.
    package let epsilon: ExactDecimal
    /// The claim with every default filled in.
    package let canonical: JSONValue

    /// Reads the bytes of a claim's file.
    ///
    /// - Throws: `json.*`, `document.*`, `privacy.claim`.
    package init(bytes: [UInt8]) throws(GloveboxError) {
        var fields = try DocumentFields(bytes: bytes, kind: "TrainingClaim")
        let (tiny, million) = (ExactDecimal(mantissa: 1, exponent: -18), ExactDecimal(1_000_000))
        let rate = try fields.decimal("rate", tiny...ExactDecimal(1))
        let noise = try fields.decimal("noise_multiplier", ExactDecimal(mantissa: 1, exponent: -2)...million)
        let steps = try fields.integer("steps", 1...1_000_000_000)
        delta = try fields.decimal("delta", tiny...ExactDecimal(mantissa: 5, exponent: -1))
        epsilon = try fields.decimal("epsilon", .zero...million)
        canonical = try fields.finish()
        training = try TrainingClaim(
            rate: PrivacyLoss.double(rate),
            noise: PrivacyLoss.double(noise),
            steps: Int(steps)
        )
    }

    /// The ε that the parameters give, rounded up to six decimals; nil when it is above 10^6.
    package var epsilonOfParameters: ExactDecimal? {
        let value = training.epsilon(delta: PrivacyLoss.double(delta)).epsilon
        guard value.isFinite, value <= 1e6 else { return nil }
        return ExactDecimal(mantissa: Int128((value * 1e6).rounded(.up)), exponent: -6)
    }

    /// What a record says of the claim.
    package var report: JSONValue {
        guard var report = canonical.object else { return canonical }
        for name in ["apiVersion", "kind"] { report[name] = nil }
        report["status"] = "claim"
        report["mechanism"] = "sampled-gaussian"
        report["epsilon_of_parameters"] = .string(epsilonOfParameters?.text ?? "unbounded")
        return .object(report)
    }

    /// Checks that no less is stated than the parameters give.
    ///
    /// - Throws: `privacy.claim`.
    package func check() throws(GloveboxError) {
        guard let found = epsilonOfParameters, found <= epsilon else {
            throw GloveboxError(
                "privacy.claim",
                "the parameters give epsilon \(epsilonOfParameters?.text ?? "above 10^6") at delta \(delta.text), and "
                    + "\(epsilon.text) is stated",
                hint: "State no less than the parameters give."
            )
        }
    }
}
