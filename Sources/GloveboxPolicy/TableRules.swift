package import GloveboxCore

/// What a released table may be made of.
package struct ColumnRules: DocumentSection {
    /// A statistic of a table cell.
    package enum Measure: String, DocumentWord {
        case count
        case sum
        case mean
        case proportion
        case ols
    }

    private enum Dimensions: String, DocumentWord { case codebook }

    /// The allowed statistics.
    package let measures: [Measure]

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        _ = try fields.choice("dimensions", default: .codebook) as Dimensions
        measures = try fields.choices("measures", default: [.count])
    }
}

/// How released numbers are rounded.
///
/// Source: release policy section 5.5.
package struct RoundingRules: DocumentSection {
    /// How a count is rounded.
    package enum Mode: String, DocumentWord {
        case nearest
        case midpoint
    }

    /// Rounding of counts.
    package struct Counts: DocumentSection {
        private enum Totals: String, DocumentWord { case sumOfRounded = "sum-of-rounded" }

        /// How.
        package let mode: Mode
        /// To multiples of this; even for midpoints.
        package let base: Int64

        package init(_ fields: inout DocumentFields) throws(GloveboxError) {
            mode = try fields.choice("mode", default: .nearest)
            base = try fields.integer("base", 1...1000, default: 5)
            _ = try fields.choice("totals", default: .sumOfRounded) as Totals
            guard mode == .nearest || base.isMultiple(of: 2) else {
                throw fields.wrongValue("base", "must be even for mode midpoint")
            }
        }
    }

    /// Rounding of sums, means and proportions.
    package struct Measures: DocumentSection {
        /// Significant digits.
        package let digits: Int64
        /// Whether means are checked against the counts beside them.
        package let auditsMeans: Bool

        package init(_ fields: inout DocumentFields) throws(GloveboxError) {
            digits = try fields.integer("significant_digits", 1...15, default: 3)
            auditsMeans = try fields.bool("mean_audit", default: true)
        }
    }

    /// Counts.
    package let counts: Counts
    /// Other measures.
    package let measures: Measures

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        counts = try fields.filledSection("counts")
        measures = try fields.filledSection("measures")
    }
}

/// What happens to unsafe cells.
///
/// Source: release policy section 5.7.
package struct SuppressionRules: DocumentSection {
    /// The later word is stricter.
    package enum Mode: String, DocumentWord {
        case mark
        case forbid
    }

    private enum Audit: String, DocumentWord { case exact }

    /// What happens.
    package let mode: Mode
    /// The least width of what remains possible for a suppressed cell.
    package let minWidth: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        mode = try fields.choice("mode", default: .forbid)
        _ = try fields.choice("audit", default: .exact) as Audit
        minWidth = try fields.integer("min_width", 1...1_000_000, default: 10)
    }
}
