internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy
internal import GloveboxPrivacy

/// What a job is to make, by its policy and the specs beside its code: everything about it that needs no row is checked.
///
/// A site asks for it when a plan is made, `policy eval` and `try` before they judge.
enum AskedRelease {
    /// A table that is counted again, and what is drawn of it.
    case table(TableSpec, chart: (spec: ChartSpec, file: String)?)
    /// A noisy answer to a declared query.
    case query(DPQuery)
    /// The noisy mean of a program over blocks.
    case program(BlockAggregate)
    /// A noisy update of a round of federated training.
    case round(RoundSpec, UpdateMechanism)
    /// A trained model.
    case model(ModelSpec)
    /// Made-up rows.
    case rows
    /// Whatever a plan without private data leaves.
    case files(VerbatimRules)

    /// A dataset's description and input policy, or those of a join.
    typealias Data = (description: DatasetDescription, inputPolicy: InputPolicy)

    /// Reads and checks.
    ///
    /// - Throws: `policy.not-enforced`, `spec.*`, `query.*`, `join.tier`, `input-policy.*`, `budget.per-query`,
    ///   `privacy.*`, `output.too-large`.
    init(_ specs: SpecFiles, policy: OutputPolicy, data: Data?) throws(GloveboxError) {
        let capabilities = Site.capabilities(for: policy)
        if policy.tier == .verbatim {
            try policy.requireEnforced(by: capabilities)
            guard data == nil else {
                throw GloveboxError(
                    "policy.not-enforced",
                    "policy \(policy.document.name) lets everything leave: it is for plans without private data"
                )
            }
            guard let rules = policy.verbatim else {
                throw GloveboxError("policy.error", "a policy of tier verbatim has no rules")
            }
            self = .files(rules)
            return
        }
        guard let data else {
            throw GloveboxError(
                "dataset.unknown",
                "policy \(policy.document.name) is for private data, and none is described"
            )
        }
        let (description, inputPolicy) = data
        let isOfJob = policy.tier == .opaque || policy.isOfRounds || policy.privacy.blocks != nil
        guard description.join == nil || !isOfJob else {
            throw GloveboxError(
                "join.tier",
                "policy \(policy.document.name) releases files of the job's making, which no join may",
                hint: "Ask for tables or for noisy answers over a join."
            )
        }
        for output in policy.outputs where output.type.isSpec && output.isRequired {
            _ = try specs.required(output.name, policy)
        }
        switch policy.tier {
        case .computed where policy.privacy.blocks != nil:
            // There is no spec: the plan itself is what is asked.
            let aggregate = try BlockAggregate(policy)
            try aggregate.check(description: description, inputPolicy: inputPolicy, capabilities: capabilities)
            try Self.checkLength(aggregate, policy, description)
            self = .program(aggregate)
        case .computed where policy.isOfRounds:
            let spec = try specs.round(policy)
            self = .round(
                spec,
                try spec.check(policy: policy, dataset: description.name, capabilities: capabilities)
            )
        case .computed:
            let query = try specs.query(policy)
            try query.check(
                policy: policy,
                description: description,
                inputPolicy: inputPolicy,
                capabilities: capabilities
            )
            self = .query(query)
        case .opaque:
            _ = try specs.claim()
            guard let spec = try specs.model(policy) else {
                try SyntheticGate.check(
                    policy: policy,
                    description: description,
                    inputPolicy: inputPolicy,
                    capabilities: capabilities
                )
                self = .rows
                return
            }
            try ModelGate.check(
                spec,
                policy: policy,
                description: description,
                inputPolicy: inputPolicy,
                capabilities: capabilities
            )
            self = .model(spec)
        case .recomputed, .verbatim:
            let spec = try specs.table(policy)
            try ReleaseGate.check(
                spec,
                policy: policy,
                description: description,
                inputPolicy: inputPolicy,
                capabilities: capabilities
            )
            let chart = try specs.chart(policy)
            try chart?.spec.check(spec, policy: policy)
            self = .table(spec, chart: chart)
        }
    }

    /// An answer that does not fit must not be paid for.
    private static func checkLength(
        _ aggregate: BlockAggregate,
        _ policy: OutputPolicy,
        _ description: DatasetDescription
    ) throws(GloveboxError) {
        let answer = try aggregate.longestAnswer(dataset: description.name)
        guard let output = policy.outputs.first, answer.count <= output.maxBytes else {
            throw GloveboxError(
                "output.too-large",
                "an answer may have \(answer.count) bytes, more than the policy's output"
            )
        }
        _ = try ReleaseBundle([Decision.File(output.name, answer)], pad: policy.channels.pad)
    }
}
