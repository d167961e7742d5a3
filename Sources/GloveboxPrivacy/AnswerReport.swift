internal import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxTables

/// What an answer says of its noise and of what it cost, as far as the policy has it said.
struct AnswerReport {
    private let items: [PrivacyRules.ReportItem]
    private let delta: ExactDecimal?

    /// What the policy has said, or all of it for whoever the policy keeps nothing from.
    init(_ policy: OutputPolicy, isWhole: Bool = false) {
        items = isWhole ? PrivacyRules.ReportItem.allCases : policy.privacy.report ?? PrivacyRules.ReportItem.allCases
        delta = policy.privacy.budget?.delta
    }

    /// Adds it to an answer; what selecting keys may fail with comes on top of the policy's δ.
    func add(
        _ noise: [JSONObject],
        cost: Rho,
        selectionDelta: ExactDecimal = .zero,
        to answer: inout JSONObject
    ) {
        let shown = noise.map { laws -> JSONValue in
            var laws = laws
            for item in [PrivacyRules.ReportItem.scale, .accuracy95] where !items.contains(item) {
                laws[item.rawValue] = nil
            }
            return .object(laws)
        }
        answer["noise"] = .array(shown)
        if items.contains(.rho) { answer["rho"] = .string(cost.text) }
        if items.contains(.epsilonAtDelta), let delta {
            let total = Ratio(delta) + Ratio(selectionDelta)
            answer["epsilon_at_delta"] = [
                "delta": .string(total.rounded(significantDigits: 15).text),
                "epsilon": .string(PrivacyLoss.epsilonText(cost, delta: delta)),
            ]
        }
    }
}
