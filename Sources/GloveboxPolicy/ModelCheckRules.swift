package import GloveboxCore
package import GloveboxTables

extension ExactDecimal {
    static let one = ExactDecimal(1)
    static func hundredths(_ count: Int128) -> ExactDecimal { ExactDecimal(mantissa: count, exponent: -2) }
    static func millionths(_ count: Int128) -> ExactDecimal { ExactDecimal(mantissa: count, exponent: -6) }
}

/// Sections 5.6 and 12.
package struct RowLeakCheck: DocumentSection {
    /// The greatest share of synthetic rows that equal a rare real row.
    package let exactMatchMax: ExactDecimal

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        exactMatchMax = try fields.decimal("exact_match_max", .zero...(.one), default: .zero)
    }
}

/// Section 11: units that the job never sees.
package struct HoldoutCheck: DocumentSection {
    private enum Unit: String, DocumentWord { case privacyUnit = "privacy-unit" }

    package let fraction: ExactDecimal

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        fraction = try fields.decimal("fraction", .hundredths(10)...(.hundredths(50)), default: .hundredths(25))
        _ = try fields.choice("by", default: .privacyUnit) as Unit
        guard try fields.bool("withheld_from_job", default: true) else {
            throw fields.wrongValue("withheld_from_job", "must be true")
        }
    }
}

/// Section 11: whether a model tells who was in its training data.
package struct MembershipCheck: DocumentSection {
    private enum Attack: String, DocumentWord { case lossThreshold = "loss-threshold" }

    package let maxAUC: ExactDecimal
    package let falsePositiveRate: ExactDecimal
    package let maxTruePositiveRate: ExactDecimal
    package let unscored: Treatment

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        _ = try fields.choice("attack", default: .lossThreshold) as Attack
        maxAUC = try fields.decimal("max_auc_ucl99", .zero...(.one), default: .hundredths(60))
        falsePositiveRate = try fields.decimal("fpr", .zero...(.one), default: .hundredths(1))
        maxTruePositiveRate = try fields.decimal("max_tpr_ucl99", .zero...(.one), default: .hundredths(5))
        unscored = try fields.choice("unscored", default: .reject)
    }
}

/// Section 11.
package struct StructuralCheck: DocumentSection {
    package let minEquivalenceClass: Int64
    package let minDegreesOfFreedom: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        minEquivalenceClass = try fields.integer("min_equivalence_class", 1...1_000_000, default: 10)
        minDegreesOfFreedom = try fields.integer("min_dof", 1...1_000_000, default: 10)
    }
}

/// Section 11.
package struct MemorisationCheck: DocumentSection {
    package let columnCopy: Treatment
    package let rowCopy: Treatment

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        columnCopy = try fields.choice("column_copy", default: .reject)
        rowCopy = try fields.choice("row_copy", default: .reject)
    }
}

/// Section 12.
package struct DistanceCheck: DocumentSection {
    private enum Metric: String, DocumentWord { case gower }

    package let minRatio: ExactDecimal

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        _ = try fields.choice("metric", default: .gower) as Metric
        minRatio = try fields.decimal("min_dcr_ratio", .zero...ExactDecimal(10), default: .hundredths(90))
    }
}

/// Section 12.
package struct RareValuesCheck: DocumentSection {
    package let minUnits: Int64
    package let maxWay: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        minUnits = try fields.integer("min_units", 1...1_000_000, default: 10)
        maxWay = try fields.integer("max_way", 1...3, default: 2)
    }
}

/// Section 12.
package struct DPClaimCheck: DocumentSection {
    private enum Verification: String, DocumentWord { case supervisorNoiseOnly = "supervisor-noise-only" }

    package let isRequired: Bool

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        try fields.checkVersion()
        isRequired = try fields.bool("required", default: false)
        _ = try fields.choice("verify", default: .supervisorNoiseOnly) as Verification
    }
}
