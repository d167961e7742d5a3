package import GloveboxCore

/// What one check found.
package struct Finding: Hashable, Sendable {
    /// The result; a later word beats an earlier one.
    package enum Outcome: String, Comparable, Sendable, CaseIterable {
        case pass
        /// Two owners let pass, with a reason that is on record, what would have failed.
        case overridden
        case review
        case fail

        package static func < (left: Self, right: Self) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    /// The check: an id of the policy schema, or `parser`, `missing-output`, `mismatch`, `too-many-cells`, `capacity`.
    package let check: String
    /// What it found.
    package let outcome: Outcome
    /// The labels of each cell that failed; for the data owner alone.
    package let cells: [[String]]
    /// A sentence for the data owner; empty when there is nothing to say.
    package let detail: String
    /// The parameters the check ran with.
    package let parameters: JSONValue

    /// Records a finding.
    package init(
        _ check: String,
        _ outcome: Outcome,
        cells: [[String]] = [],
        detail: String = "",
        parameters: JSONValue = [:]
    ) {
        self.check = check
        self.outcome = outcome
        self.cells = cells
        self.detail = detail
        self.parameters = parameters
    }
}
