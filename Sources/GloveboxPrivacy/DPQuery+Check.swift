package import GloveboxCore
package import GloveboxDisclosure
package import GloveboxPolicy
internal import GloveboxTables

extension DPQuery {
    /// What code of this target enforces of a policy of tier `computed`.
    package static let capabilities: Set<Capability> = [
        "tier.computed", "output.json", "privacy_unit", "queries", "mechanism", "budget", "report",
        "decision.auto.within-budget", "decision.otherwise.reject",
        "spec_source.submitted",
        // Bits are recorded for tier computed; noise is what bounds them.
        "capacity.max_bits_per_release", "capacity.max_bits_per_project",
    ]

    /// Checks everything about the query that needs no row; its layout.
    ///
    /// - Throws: `policy.not-enforced`, `query.*`, `spec.*`, `input-policy.*`, `budget.per-query`.
    @discardableResult
    package func check(
        policy: OutputPolicy,
        description: DatasetDescription,
        inputPolicy: InputPolicy,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> TableFrame {
        try policy.requireEnforced(by: capabilities)
        try inputPolicy.check(against: description)
        guard dataset.utf8.elementsEqual(description.name.utf8) else {
            throw GloveboxError("query.dataset", "the query is for dataset \(Display.escape(dataset))")
        }
        try description.checkJoin(join)
        guard policy.privacy.queries.contains(kind) else {
            throw GloveboxError(
                "query.kind",
                "the policy does not allow \(kind.rawValue)",
                hint: "Allowed: \(policy.privacy.queries.map(\.rawValue).joined(separator: ", "))."
            )
        }
        try checkSelection(policy)
        try policy.requireAffordable(cost())
        try policy.requireUnit(of: description)
        for name in layout.groupBy.map(\.column) + layout.conditions.map(\.column) + [column].compactMap({ $0 })
        where !inputPolicy.allows(column: name) {
            throw GloveboxError("query.column", "the input policy does not show the column \(Display.escape(name))")
        }
        for predicate in layout.conditions { try description.check(predicate) }
        _ = try number(in: description)
        let frame = try TableFrame(layout, description: description)
        guard frame.cells.count <= 4096, kind != .quantile || frame.cells.count <= 256 else {
            throw GloveboxError("query.too-many-cells", "an answer has at most 4096 groups, a quantile 256 bands")
        }
        return frame
    }

    // Groups with names that are not public are selected, and the query says what that may cost; others are not.
    private func checkSelection(_ policy: OutputPolicy) throws(GloveboxError) {
        let isNeeded = policy.privacy.mechanism?.groups == .threshold && kind != .quantile && !layout.groupBy.isEmpty
        guard isNeeded == (selection != nil) else {
            throw GloveboxError(
                "query.selection",
                isNeeded
                    ? "the policy's group keys are not public: the query must say what selecting them may cost"
                    : "the group keys are public, or there are none: nothing is selected",
                hint: isNeeded
                    ? #"Add "selection":{"epsilon":"0.1","delta":"0.0000001"} to the query."# : "Leave out selection."
            )
        }
        guard let selection, let most = policy.privacy.budget?.selectionDelta else { return }
        guard selection.delta <= most else {
            throw GloveboxError(
                "budget.per-query",
                "the query asks for delta \(selection.delta.text), the policy allows \(most.text) in all",
                hint: "Ask for a smaller delta; fewer groups are named."
            )
        }
    }

    /// The summed or averaged column; nil for the kinds that count.
    ///
    /// - Throws: `query.column`.
    func number(in description: DatasetDescription) throws(GloveboxError) -> (index: Int, DatasetColumn.Number)? {
        guard kind == .sum || kind == .mean, let column else { return nil }
        guard let index = description.columns.firstIndex(where: { $0.name.utf8.elementsEqual(column.utf8) }),
            case .number(let number) = description.columns[index].type
        else { throw GloveboxError("query.column", "\(Display.escape(column)) is no column of numbers") }
        return (index, number)
    }
}

extension OutputPolicy {
    /// Checks that one answer may cost that much.
    ///
    /// - Throws: `budget.per-query`, `policy.not-enforced`.
    func requireAffordable(_ cost: Rho) throws(GloveboxError) {
        guard let budget = privacy.budget, let most = Rho(budget.perQueryRho) else {
            throw GloveboxError("policy.not-enforced", "the policy has no budget in units of 10^-12")
        }
        guard cost <= most else {
            throw GloveboxError(
                "budget.per-query",
                "the answer would cost rho \(cost.text), the policy allows \(most.text) for each",
                hint: "Ask for a smaller rho; the answer gets more noise."
            )
        }
    }

    /// Checks that the policy protects the dataset's own units.
    ///
    /// - Throws: `query.unit`.
    func requireUnit(of description: DatasetDescription) throws(GloveboxError) {
        guard privacy.unit.map({ $0.column == "from-dataset" || $0.column == description.privacyUnit.column }) ?? true
        else { throw GloveboxError("query.unit", "the policy names another privacy unit than the dataset") }
    }
}
