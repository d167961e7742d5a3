package import GloveboxCore
internal import GloveboxTables

/// What may leave the jail, and how that is decided.
///
/// Every key of the schema is known; an unknown one refuses the policy.
///
/// A section that is nil is not part of this policy. Source: release policy section 3.4.
package struct OutputPolicy: Hashable, Sendable {
    /// Who makes the released bytes.
    package enum Tier: String, DocumentWord {
        case computed
        case recomputed
        case opaque
        /// The job's own bytes, for plans that read no private dataset.
        case verbatim
    }

    /// Where table, chart and model specs come from; the later word is stricter.
    package enum SpecSource: String, DocumentWord {
        case job
        case submitted
    }

    /// Name, version, canonical form, digest.
    package let document: PolicyDocument
    /// Who makes the released bytes.
    package let tier: Tier
    /// The files the job may leave behind; anything else refuses the job.
    ///
    /// None for tier `verbatim`, where any file may be left.
    package let outputs: [DeclaredOutput]
    /// How much may be left; nil outside tier `verbatim`.
    package let verbatim: VerbatimRules?
    /// Dimensions and measures of tables; nil outside tier `recomputed` unless named.
    package let columns: ColumnRules?
    /// Where specs come from.
    package let specSource: SpecSource
    /// The disclosure checks.
    package let checks: CheckRules
    /// Rounding; nil outside tier `recomputed` unless named.
    package let rounding: RoundingRules?
    /// Suppression; nil outside tier `recomputed` unless named.
    package let suppression: SuppressionRules?
    /// Privacy unit, queries, noise, budgets and blocks.
    package let privacy: PrivacyRules
    /// Opaque files, charts and rounds of federated updates.
    package let opaque: OpaqueRules
    /// Bits that may leave.
    package let capacity: CapacityRules
    /// What else the researcher can see.
    package let channels: ChannelRules
    /// Who decides.
    package let decision: DecisionRules

    /// Reads a policy from the value of its document.
    ///
    /// - Throws: `document.*` with the key path, or `policy.invalid` when the keys do not fit together.
    package init(_ value: JSONValue) throws(GloveboxError) {
        var (fields, metadata) = try PolicyDocument.open(value, kind: "OutputPolicy")
        tier = try fields.choice("tier")
        let makesTables = tier == .recomputed
        outputs = tier == .verbatim ? [] : try fields.sections("outputs", 1...16)
        verbatim = tier == .verbatim ? try fields.filledSection("verbatim") : nil
        specSource = try fields.choice("spec_source", default: .submitted)
        columns = makesTables ? try fields.filledSection("columns") : try fields.section("columns")
        checks = try CheckRules(&fields, tier: tier, measures: columns?.measures ?? [])
        rounding = makesTables ? try fields.filledSection("rounding") : try fields.section("rounding")
        suppression = makesTables ? try fields.filledSection("suppression") : try fields.section("suppression")
        privacy = try PrivacyRules(&fields)
        opaque = try OpaqueRules(&fields)
        capacity = try fields.filledSection("capacity")
        channels = try fields.filledSection("channels")
        decision = try fields.filledSection("decision")
        document = try PolicyDocument(metadata, closing: fields)
        try checkConsistency()
    }

    /// The declared output of that name.
    package func output(named name: String) -> DeclaredOutput? {
        outputs.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    private func checkConsistency() throws(GloveboxError) {
        func require(_ condition: Bool, _ why: String) throws(GloveboxError) {
            guard condition else { throw GloveboxError("policy.invalid", "policy \(document.name): \(why)") }
        }
        try require(Set(outputs.map(\.name)).count == outputs.count, "two outputs have one name")
        switch tier {
        case .recomputed:
            try require(
                outputs.contains { $0.type == .tableSpec },
                "tier recomputed needs an output of type table-spec"
            )
            try require(
                outputs.contains { $0.type == .csv || $0.type == .json },
                "tier recomputed needs a csv or json output"
            )
            try require(decision.auto != .withinBudget, "decision.auto within-budget belongs to tier computed")
        case .computed:
            try require(privacy.budget != nil, "tier computed needs a budget")
            try require(decision.auto != .whenAllPass, "decision.auto when-all-pass belongs to tier recomputed")
        case .opaque:
            try require(decision.auto == .never, "tier opaque is never released automatically")
            try require(decision.reviewers >= 2, "tier opaque needs two reviewers")
        case .verbatim:
            try require(checks.ids.isEmpty, "tier verbatim has no checks")
            try require(decision.auto != .withinBudget, "decision.auto within-budget belongs to tier computed")
        }
        if privacy.blocks != nil || privacy.result != nil { try checkBlocks(require) }
        if let figure = opaque.fallback {
            try require(figure.reviewers >= 2, "opaque_fallback needs two reviewers")
            try require(output(named: figure.name) == nil, "opaque_fallback has the name of an output")
        }
    }

    private func checkBlocks(_ require: (Bool, String) throws(GloveboxError) -> Void) throws(GloveboxError) {
        try require(tier == .computed, "blocks and result belong to tier computed")
        try require(privacy.blocks != nil && privacy.result != nil, "blocks and result belong together")
        try require(privacy.queries.isEmpty, "a policy is of queries or of a program over blocks, not of both")
        try require(
            outputs.count == 1 && outputs[0].type == .json,
            "a program over blocks has one output, of type json"
        )
        try require(privacy.mechanism?.noise == .discreteLaplace, "blocks need mechanism.noise discrete-laplace")
        try require(
            privacy.mechanism?.epsilonPerCoordinate?.scaled(decimals: 9) != nil,
            "blocks need mechanism.epsilon_per_coordinate, with at most 9 decimals"
        )
    }
}
