package import GloveboxCore

/// What a policy says about opaque files, charts and federated rounds.
///
/// Sections 8.3 to 8.5 and 12.
package struct OpaqueRules: Hashable, Sendable {
    private struct Rounds: DocumentSection {
        let max: Int64
        init(_ fields: inout DocumentFields) throws(GloveboxError) {
            max = try fields.integer("max", 1...10_000, default: 50)
        }
    }

    /// How model files are cleaned.
    package let sanitise: Sanitise?
    /// Which charts the supervisor draws.
    package let charts: Charts?
    /// A figure that the job drew itself.
    package let fallback: OpaqueFallback?
    /// Greatest number of federated rounds.
    package let maxRounds: Int64?

    init(_ fields: inout DocumentFields) throws(GloveboxError) {
        sanitise = try fields.section("sanitise")
        charts = try fields.section("charts")
        fallback = try fields.section("opaque_fallback")
        maxRounds = try fields.section("rounds", as: Rounds.self)?.max
    }
}

/// How model files are cleaned.
package struct Sanitise: DocumentSection {
    /// The later word is stricter.
    package enum Quantise: String, DocumentWord {
        case none
        case bf16
    }

    private enum Metadata: String, DocumentWord { case strip }
    private enum Order: String, DocumentWord { case sorted }
    private enum NonFinite: String, DocumentWord { case reject }

    package let quantise: Quantise

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        _ = try fields.choice("metadata", default: .strip) as Metadata
        _ = try fields.choice("order", default: .sorted) as Order
        quantise = try fields.choice("quantise", default: .bf16)
        _ = try fields.choice("nonfinite", default: .reject) as NonFinite
    }
}

/// Which charts the supervisor draws from released tables.
package struct Charts: DocumentSection {
    /// The form of a chart.
    package enum Mark: String, DocumentWord {
        case bar
        case line
        case point
    }

    private enum Renderer: String, DocumentWord { case supervisor }

    package let marks: [Mark]

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        marks = try fields.choices("marks", default: Mark.allCases)
        _ = try fields.choice("renderer", default: .supervisor) as Renderer
        guard (fields.take("canvas") ?? [800, 600]) == [800, 600] else {
            throw fields.wrongValue("canvas", "must be [800, 600]")
        }
        fields.keep("canvas", [800, 600])
    }
}

/// A figure that the job drew itself: it makes the release opaque.
package struct OpaqueFallback: DocumentSection {
    private enum Kind: String, DocumentWord { case png }
    private enum Ancillary: String, DocumentWord { case drop }
    private enum Requirement: String, DocumentWord { case required }

    package let name: String
    package let maxPixels: Int64
    package let palette: Int64
    package let maxCanonicalBytes: Int64
    package let reviewers: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        name = try fields.text("name")
        _ = try fields.choice("type", default: .png) as Kind
        maxPixels = try fields.integer("max_pixels", 1...16_777_216)
        palette = try fields.integer("palette", 2...16, default: 16)
        maxCanonicalBytes = try fields.integer("max_canonical_bytes", 1...16_777_216)
        _ = try fields.choice("ancillary", default: .drop) as Ancillary
        _ = try fields.choice("underlying_table", default: .required) as Requirement
        reviewers = try fields.integer("reviewers", 1...16, default: 2)
    }
}
