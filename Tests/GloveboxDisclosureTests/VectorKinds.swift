import Foundation
import Testing

/// Which test reads which kind of vector.
///
/// `GLOVEBOX_DISCLOSURE_VECTORS` names another file of the same format.
enum VectorKinds {
    static let file =
        ProcessInfo.processInfo.environment["GLOVEBOX_DISCLOSURE_VECTORS"].map { URL(filePath: $0) }
        ?? Bench.root.appending(path: "Tests/Vectors/disclosure.json")
    /// Whether that is our own.
    static let isOwn = ProcessInfo.processInfo.environment["GLOVEBOX_DISCLOSURE_VECTORS"] == nil

    /// Checked in this folder.
    static let tables: Set = [
        "threshold_table", "nk_rule", "p_percent_rule", "dominance_negative", "dominance_equivalence",
        "protection_level", "sdctable_dominance", "sdctable_frequency", "regression_dof", "round_nearest",
        "round_midpoint", "redact_then_round", "rounding_audit", "significant_digits", "mean_from_unrounded_attack",
        "handbook_rounding_erratum", "suppression_audit",
        "differencing", "linking", "capacity_bits", "dataset_table", "k_anonymity_l_diversity",
        "equivalence_class_sizes", "mia_metrics",
    ]

    /// Of noise and budgets, and reference values for reports: read in `GloveboxPrivacyTests`.
    static let privacy: Set = [
        "accuracy_discrete_gaussian", "accuracy_discrete_laplace", "accuracy_gaussian", "accuracy_laplace",
        "amplification_by_sampling", "bit_tree_enumeration", "budget_filter", "budget_filter_zcdp", "chi2_critical",
        "clamped_sum", "clopper_pearson", "compose_pure", "compose_zcdp", "compose_zcdp_then_eps", "composition_kov",
        "contribution_bounding", "discrete_gaussian_delta", "discrete_gaussian_pmf", "discrete_gaussian_scale_dpl",
        "discrete_laplace_pmf", "dpsgd_calibrate_sigma", "dpsgd_epsilon", "dpsgd_epsilon_opacus",
        "dpsgd_epsilon_published", "eps_delta_to_rho_cks", "float_sum_order", "gaussian_analytic_sigma_dpl",
        "gaussian_exact_epsilon", "gaussian_exact_sigma", "gaussian_rho", "gaussian_vector_rho",
        "google_laplace_resolution", "group_privacy", "int_sum_overflow", "ks_critical", "laplace_composition_pld",
        "laplace_epsilon", "laplace_threshold_partition_selection", "laplace_vector_epsilon",
        "moments_accountant_published", "partition_selection_laplace", "partition_selection_truncated_geometric",
        "pure_to_zcdp", "randomized_response_eps", "randomized_response_kary", "rdp_conversion",
        "rdp_conversion_published", "rdp_published", "rdp_subsampled_gaussian", "rdp_subsampled_gaussian_exact",
        "rdp_subsampled_gaussian_fractional_upper_bound", "rdp_subsampled_gaussian_opacus",
        "sample_and_aggregate_scale", "snapping_parameters", "zcdp_to_delta", "zcdp_to_eps", "zcdp_to_eps_cks",
    ]
}

@Suite struct VectorKindTests {
    @Test func `every kind of vector belongs to a test`() throws {
        let file = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: VectorKinds.file)) as? [String: Any]
        )
        let vectors = try #require(file["vectors"] as? [[String: Any]])
        #expect(!vectors.isEmpty)
        let kinds = Set(vectors.compactMap { $0["kind"] as? String })
        let known = VectorKinds.tables.union(VectorKinds.privacy)
        #expect(kinds.subtracting(known).isEmpty, "no test reads them")
        if VectorKinds.isOwn { #expect(known.subtracting(kinds).isEmpty, "nothing to read") }
    }
}
