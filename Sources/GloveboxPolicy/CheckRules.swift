package import GloveboxCore
package import GloveboxTables

/// How a finding is treated; the later word is stricter.
package enum Treatment: String, DocumentWord {
    case review
    case reject
}

/// The disclosure checks of a policy.
///
/// A check that is nil does not run.
///
/// Tier `recomputed` always has `threshold` and `differencing`; `dominance` comes with sums and means, `dof` with
/// regressions, and both tiers of files that come from a job always have `row_leak`. Every other check runs where it is named.
package struct CheckRules: Hashable, Sendable {
    package let threshold: ThresholdCheck?
    package let dominance: DominanceCheck?
    package let degreesOfFreedom: FreedomCheck?
    package let differencing: DifferencingCheck?
    package let rowLeak: RowLeakCheck?
    package let holdout: HoldoutCheck?
    package let membership: MembershipCheck?
    package let structural: StructuralCheck?
    package let memorisation: MemorisationCheck?
    package let distance: DistanceCheck?
    package let rareValues: RareValuesCheck?
    package let dpClaim: DPClaimCheck?
    /// The ids of the checks that run, in the order of the schema.
    package let ids: [String]

    /// Every check id of the schema.
    package static let allIDs = [
        "threshold", "dominance", "dof", "differencing", "row_leak", "holdout", "membership", "structural",
        "memorisation", "distance", "rare_values", "dp_claim",
    ]

    init(
        _ document: inout DocumentFields,
        tier: OutputPolicy.Tier,
        measures: [ColumnRules.Measure]
    ) throws(GloveboxError) {
        var fields = try DocumentFields(document.take("checks") ?? .object(JSONObject()), at: "checks")
        let makesTables = tier == .recomputed
        threshold = makesTables ? try fields.filledSection("threshold") : try fields.section("threshold")
        let hasSums = measures.contains(.sum) || measures.contains(.mean)
        dominance = hasSums ? try fields.filledSection("dominance") : try fields.section("dominance")
        degreesOfFreedom = measures.contains(.ols) ? try fields.filledSection("dof") : try fields.section("dof")
        differencing = makesTables ? try fields.filledSection("differencing") : try fields.section("differencing")
        var named: RowLeakCheck? =
            tier == .opaque ? try fields.filledSection("row_leak") : try fields.section("row_leak")
        if named == nil, makesTables {
            // Not written into the canonical form: policies from before it was always on keep their digests.
            var defaults = try DocumentFields(.object(JSONObject()), at: "checks.row_leak")
            named = try RowLeakCheck(&defaults)
        }
        rowLeak = named
        holdout = try fields.section("holdout")
        membership = try fields.section("membership")
        structural = try fields.section("structural")
        memorisation = try fields.section("memorisation")
        distance = try fields.section("distance")
        rareValues = try fields.section("rare_values")
        dpClaim = try fields.section("dp_claim")
        let canonical = try fields.finish()
        ids = Self.allIDs.filter { canonical[$0] != nil || $0 == "row_leak" && named != nil }
        if Self.allIDs.contains(where: { canonical[$0] != nil }) { document.keep("checks", canonical) }
    }
}

extension DocumentFields {
    /// Takes the version of a check, which is always 1.
    mutating func checkVersion() throws(GloveboxError) { _ = try integer("version", 1...1, default: 1) }
}

/// Section 5.1 and 5.2.
package struct ThresholdCheck: DocumentSection {
    /// Whether a finding of this kind counts; the later word is stricter.
    package enum Kind: String, DocumentWord {
        case allowed
        case disclosive
    }

    /// The least number of units in a cell.
    package let minUnits: Int64
    /// Empty cells.
    package let zeros: Kind
    /// Groups that are all, or all but one, in one category.
    package let fullCells: Kind

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        minUnits = try fields.integer("min_units", 1...1_000_000, default: 10)
        zeros = try fields.choice("zeros", default: .disclosive)
        fullCells = try fields.choice("full_cells", default: .disclosive)
    }
}

/// Section 6.
package struct DifferencingCheck: DocumentSection {
    private enum History: String, DocumentWord { case datasetLineage = "dataset-lineage" }

    /// The least number of units by which two released sets may differ, unless they are equal.
    package let minUnits: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        _ = try fields.choice("history", default: .datasetLineage) as History
        minUnits = try fields.integer("min_units", 1...1_000_000, default: 10)
    }
}

/// Section 5.3.
package struct DominanceCheck: DocumentSection {
    /// How the (n,k) rule compares; the later word is stricter.
    package enum Comparator: String, DocumentWord {
        case greaterThan = "gt"
        case greaterOrEqual = "ge"
    }

    /// The (n,k) rule.
    package struct LargestShare: DocumentSection {
        package let n: Int64
        /// Percent.
        package let k: ExactDecimal
        package let comparator: Comparator

        package init(_ fields: inout DocumentFields) throws(GloveboxError) {
            n = try fields.integer("n", 1...10, default: 2)
            k = try fields.decimal("k", .zero...ExactDecimal(100), default: ExactDecimal(90))
            comparator = try fields.choice("comparator", default: .greaterOrEqual)
        }
    }

    /// Percent of the p% rule.
    package let p: ExactDecimal
    package let nk: LargestShare
    package let negatives: Treatment

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        p = try fields.decimal("p_percent", .zero...ExactDecimal(1000), default: ExactDecimal(10))
        nk = try fields.filledSection("nk")
        negatives = try fields.choice("negatives", default: .review)
    }
}

/// Section 5.4.
package struct FreedomCheck: DocumentSection {
    package let minimum: Int64
    package let maxParameterShare: ExactDecimal

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        minimum = try fields.integer("min_dof", 1...1_000_000, default: 10)
        maxParameterShare = try fields.decimal(
            "max_param_share",
            .zero...ExactDecimal(1),
            default: ExactDecimal(mantissa: 33, exponent: -2)
        )
    }
}
