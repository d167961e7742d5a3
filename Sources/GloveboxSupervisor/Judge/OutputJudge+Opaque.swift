internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables

extension OutputJudge {
    /// What read, checked and wrote a file, for its record.
    typealias Tools = [(kind: String, id: String)]

    /// A model or, without a spec, made-up rows; with what the job states of its own noise, which replaces no check.
    ///
    /// - Throws: `jail.*`, `dataset.*`, and what the gates throw for a request that should never have run.
    func opaque(
        _ outputs: OutputCollector.Outputs,
        _ spec: ModelSpec?,
        _ request: OpaqueGate.Request,
        claim: StatedClaim?
    ) throws(GloveboxError) -> (Decision, Tools) {
        let (decided, tools): (Decision, Tools) =
            if let spec { try model(outputs, spec, request) } else { try rows(outputs, request) }
        let decision = try RowLeakCheckup(jails: jails).judge(decided, policy, over: request.table)
        return (claim.map { decision.adding($0.finding, rules: policy.decision) } ?? decision, tools)
    }

    private func rows(
        _ outputs: OutputCollector.Outputs,
        _ request: OpaqueGate.Request
    ) throws(GloveboxError) -> (Decision, Tools) {
        let declared = try SyntheticGate.check(
            policy: policy,
            description: request.table.description,
            inputPolicy: request.inputPolicy,
            capabilities: Site.opaqueCapabilities
        )
        let decision = try SyntheticGate.decide(
            request,
            claim: parse(outputs, declared),
            capabilities: Site.opaqueCapabilities
        )
        return (decision, [("parser", "csv"), ("encoder", "csv"), ("check", "synthetic-gate")])
    }

    private func model(
        _ outputs: OutputCollector.Outputs,
        _ spec: ModelSpec,
        _ request: OpaqueGate.Request
    ) throws(GloveboxError) -> (Decision, Tools) {
        let declared = try ModelGate.output(of: spec, policy: policy)
        var answer: OpaqueFile.Answer?
        if outputs.faults.isEmpty, let claim = outputs.files.first(where: { $0.name == spec.output }) {
            answer = try CheckerDoor(jails: jails).parse(claim.bytes, as: .model, maxBytes: declared.maxBytes)
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
