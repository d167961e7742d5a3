internal import GloveboxCore

/// Which values of which keys are tighter, for one kind of document.
///
/// Keys stand as patterns: a list of named mappings is `outputs[]`. Source: release policy section 3.3.
package struct TighteningRules: Sendable {
    private let rules: [String: Tightness]
    /// Sections that only forbid, so that a child may add one that its parent lacks.
    private let restricting: [String]

    /// The rule of a key; a key that is not listed must be equal.
    package func rule(for pattern: String) -> Tightness {
        if let rule = rules[pattern] { return rule }
        let name = pattern.split(separator: ".").last.map(String.init) ?? pattern
        if name.hasPrefix("min_") { return .larger }
        if name.hasPrefix("max_") { return .smaller }
        return .equal
    }

    /// Whether the value of the key is compared as a whole.
    func isLeaf(_ pattern: String) -> Bool { rules[pattern] != nil }

    /// Whether a child that adds the key tightens.
    func mayAdd(_ pattern: String) -> Bool {
        restricting.contains { pattern == $0 || pattern.hasPrefix($0 + ".") }
    }

    private static let reviewOrReject = Tightness.words([["review"], ["reject"]])
    private static let allowedOrDisclosive = Tightness.words([["allowed"], ["disclosive"]])
    private static let falseOrTrue = Tightness.words([["false"], ["true"]])

    /// Rules of output policies.
    package static let output = TighteningRules(
        rules: [
            "metadata": .free, "spec_source": .words([["job"], ["submitted"]]),
            "outputs[].required": falseOrTrue, "outputs[].dtypes": .subset, "outputs[].max_params": .parameters,
            "columns.measures": .subset, "checks.threshold.zeros": allowedOrDisclosive,
            "checks.threshold.full_cells": allowedOrDisclosive, "checks.dominance.p_percent": .larger,
            "checks.dominance.nk.n": .larger, "checks.dominance.nk.k": .smaller,
            "checks.dominance.nk.comparator": .words([["gt"], ["ge"]]), "checks.dominance.negatives": reviewOrReject,
            "checks.row_leak.exact_match_max": .smaller, "checks.holdout.fraction": .larger,
            "checks.membership.unscored": reviewOrReject, "checks.memorisation.column_copy": reviewOrReject,
            "checks.memorisation.row_copy": reviewOrReject, "checks.distance.min_dcr_ratio": .larger,
            // The check looks at combinations of up to this many values: more is stricter.
            "checks.rare_values.max_way": .larger, "checks.dp_claim.required": falseOrTrue,
            "rounding.counts.base": .multiple, "rounding.measures.significant_digits": .smaller,
            "rounding.measures.mean_audit": falseOrTrue, "suppression.mode": .words([["mark"], ["forbid"]]),
            "queries": .subset, "mechanism.noise_multiplier": .larger, "budget.per_query_rho_max": .smaller,
            "budget.dataset_rho": .smaller, "budget.project_rho": .smaller, "budget.delta": .smaller,
            "budget.delta_selection_max": .smaller, "blocks.count": .larger, "output.report": .subset,
            "sanitise.quantise": .words([["none"], ["bf16"]]), "charts.marks": .subset,
            "opaque_fallback.palette": .smaller, "opaque_fallback.reviewers": .larger, "rounds.max": .smaller,
            "channels.release_tick": .multiple, "channels.pad": .subset,
            "decision.auto": .words([["when-all-pass", "within-budget"], ["never"]]),
            "decision.otherwise": reviewOrReject, "decision.reviewers": .larger,
        ],
        restricting: ["checks", "rounding", "suppression", "sanitise", "rounds", "budget"]
    )

    /// Rules of input policies.
    package static let input = TighteningRules(
        rules: [
            "metadata": .free, "columns": .subset, "row_filter": .superset, "joins": .joins, "purposes": .subset,
            "mock.rows": .free,
        ],
        restricting: ["limits"]
    )

    /// Rules of processing policies.
    package static let processing = TighteningRules(
        rules: [
            "metadata": .free, "images": .subset, "jail_profiles": .subset, "environment": .subset,
            "executors": .subset, "protections": .superset, "determinism": .words([["optional"], ["required"]]),
            "plan_quorum.roles": .subset,
        ],
        restricting: ["protections"]
    )

    /// No key is tighter or looser: for descriptions, which do not merge.
    package static let none = TighteningRules(rules: ["metadata": .free], restricting: [])
}
