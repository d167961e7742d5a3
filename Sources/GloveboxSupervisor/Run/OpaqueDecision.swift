internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables

/// Decides whether a file that cannot be recomputed may go to the reviewers.
struct OpaqueDecision {
    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    let data: PlanData

    func decide(
        _ outputs: OutputCollector.Outputs,
        table: DatasetTable,
        holdout: Holdout
    ) throws(GloveboxError) -> OutputDecision.Outcome {
        let project = entry.manifest.project
        let spent = site.read { state in state.millibits(of: project) }
        let request = OpaqueGate.Request(
            policy: policy,
            inputPolicy: data.inputPolicy,
            table: table,
            holdout: holdout,
            projectMillibits: spent
        )
        var (decision, tools) = try judge(outputs, request)
        decision = try RowLeakCheckup(jails: site.jails).judge(decision, policy, over: table)
        if let claim = try site.claim(entry.manifest.core.files, entry.manifest.core.code.nar) {
            decision = decision.adding(claim.finding, rules: policy.decision)
        }
        let isSealed = decision.outcome == .review && outputs.faults.isEmpty
        let bundle = isSealed ? try ReleaseBundle(decision.files, pad: policy.channels.pad).bytes : nil
        let context = DisclosureRecord.Context(
            entry,
            data,
            site: site,
            bundle: bundle,
            projectMillibits: spent + decision.millibits
        )
        let record = DisclosureRecord(
            .init(policy: policy, inputPolicy: data.inputPolicy, lineage: data.first.lineage),
            decision,
            tools: tools,
            context
        )
        let failed =
            outputs.faults
            + decision.findings.filter { $0.outcome != .pass }.map {
                $0.detail.isEmpty ? $0.check : "\($0.check): \($0.detail)"
            }
        return OutputDecision.Outcome(
            decision: decision,
            released: bundle,
            reason: bundle == nil ? "output.not-released" : "",
            explanation: failed.joined(separator: "; "),
            record: record
        )
    }

    private typealias Tools = [(kind: String, id: String)]

    private func judge(
        _ outputs: OutputCollector.Outputs,
        _ request: OpaqueGate.Request
    ) throws(GloveboxError) -> (Decision, Tools) {
        let isHeld = outputs.faults.isEmpty
        let door = CheckerDoor(jails: site.jails)
        guard policy.outputs.contains(where: { $0.type == .modelSpec }) else {
            let declared = try SyntheticGate.check(
                policy: policy,
                description: request.table.description,
                inputPolicy: request.inputPolicy,
                capabilities: Site.opaqueCapabilities
            )
            var answer: CheckerAnswer?
            if isHeld, let claim = outputs.files.first(where: { $0.name == declared.name }) {
                answer = try door.parse(claim.bytes, limits: OutputDecision.limits(declared))
            }
            let decision = try SyntheticGate.decide(
                request,
                claim: answer,
                capabilities: Site.opaqueCapabilities
            )
            return (decision, [("parser", "csv"), ("encoder", "csv"), ("check", "synthetic-gate")])
        }
        let spec = try site.modelSpec(entry.manifest.core.code.nar, policy)
        let declared = try ModelGate.output(of: spec, policy: policy)
        var answer: OpaqueFile.Answer?
        if isHeld, let claim = outputs.files.first(where: { $0.name == spec.output }) {
            answer = try door.parse(claim.bytes, as: .model, maxBytes: declared.maxBytes)
        }
        let decision = try ModelGate.decide(
            request,
            spec: spec,
            claim: answer,
            capabilities: Site.opaqueCapabilities
        )
        return (decision, [("parser", "safetensors"), ("encoder", "safetensors"), ("check", "model-gate")])
    }
}

extension StatedClaim {
    /// What reviewers and the record are told: what was stated, and what follows from its parameters.
    fileprivate var finding: Finding {
        Finding(
            "dp_claim",
            .pass,
            detail: "the job's own claim; the noise was not the supervisor's, and nothing rests on it",
            parameters: report
        )
    }
}

extension Site {
    /// What a code tree states of a training with differential privacy; nil when it states nothing.
    ///
    /// - Throws: `privacy.claim` when less is stated than the parameters give; `json.*`, `document.*`.
    func claim(_ files: [CodeFile], _ nar: Digest) throws(GloveboxError) -> StatedClaim? {
        guard files.contains(where: { $0.path == StatedClaim.fileName }) else { return nil }
        let claim = try StatedClaim(bytes: file(StatedClaim.fileName, of: nar))
        try claim.check()
        return claim
    }

    /// The model spec that stands in a code tree.
    func modelSpec(_ nar: Digest, _ policy: OutputPolicy) throws(GloveboxError) -> ModelSpec {
        guard let output = policy.outputs.first(where: { $0.type == .modelSpec }) else {
            throw GloveboxError("policy.not-enforced", "an opaque policy without a model spec releases nothing")
        }
        return try ModelSpec(bytes: file(output.name, of: nar))
    }

    /// A plan whose opaque output can never be released is refused before anyone is asked.
    func checkOpaque(_ code: RegisteredCode, _ policy: OutputPolicy, _ dataset: RegisteredDataset) throws(GloveboxError)
    {
        _ = try claim(code.files, code.digests.nar)
        guard policy.outputs.contains(where: { $0.type == .modelSpec }) else {
            try SyntheticGate.check(
                policy: policy,
                description: dataset.description,
                inputPolicy: dataset.inputPolicy,
                capabilities: Self.opaqueCapabilities
            )
            return
        }
        try ModelGate.check(
            modelSpec(code.digests.nar, policy),
            policy: policy,
            description: dataset.description,
            inputPolicy: dataset.inputPolicy,
            capabilities: Self.opaqueCapabilities
        )
    }
}
