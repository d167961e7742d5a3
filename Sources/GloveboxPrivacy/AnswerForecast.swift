package import GloveboxCore
internal import GloveboxPolicy
package import GloveboxTables

/// What an answer would cost and how wide its noise would be: known before any is drawn, and without a look at a row.
package struct AnswerForecast: Sendable {
    /// What the ledger would be charged.
    package let cost: Rho
    /// What selecting group keys may fail with.
    package let selectionDelta: ExactDecimal
    /// `noise` as an answer has it, `rho` and `epsilon_at_delta`.
    package let json: JSONValue

    init(_ policy: OutputPolicy, _ noise: [JSONObject], cost: Rho, selectionDelta: ExactDecimal = .zero) {
        (self.cost, self.selectionDelta) = (cost, selectionDelta)
        var object = JSONObject()
        AnswerReport(policy, isWhole: true).add(noise, cost: cost, selectionDelta: selectionDelta, to: &object)
        json = .object(object)
    }
}
